"""The network as it is, run by torch."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from resp.models.for_inference import with_folded_normalisation, with_read_tokens_alone
from resp.models.network import Network
from resp.models.predict import predict_pooled
from resp.score.engines.contract import Answer, Engine, Precision
from resp.score.engines.split import FrontEnd, Rest
from resp.score.errors import ScoreError


class TorchEngine(Engine):
    """Torch on a CPU or a GPU; windows, features and network are on the device.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``.
    stage
        Whose pooled output is returned; see `resp.models.predict.predict_pooled`.
    device
        Where it runs.
    precision
        ``bf16`` is autocast: products in bfloat16, everything that is sensitive, the front end too, in float32.
    compiled
        Let ``torch.compile`` fuse what is behind the front end. It takes a minute at the first window, and another
        for another number of windows.
    reason
        See `Engine`.

    Raises
    ------
    ScoreError
        ``int8``, which torch has no kernels for here.
    """

    name = "torch"

    def __init__(
        self,
        network: Network,
        *,
        stage: str,
        device: str = "cpu",
        precision: Precision = "fp32",
        compiled: bool = False,
        reason: str = "",
    ) -> None:
        if precision == "int8":
            raise ScoreError(
                "engine torch has no int8; calibrate and write an int8 model for another engine with: resp export "
                "MODEL --engine openvino --precision int8 --calibration FOLDER_OF_SOUNDS --out FOLDER"
            )
        super().__init__(
            precision=precision,
            rate_hz=network.rate_hz,
            input_samples=network.input_samples,
            stage=stage,
            reason=reason,
        )
        self._network = with_read_tokens_alone(with_folded_normalisation(network), stage)
        self._device = device
        self._front = FrontEnd(network) if compiled else None
        self._rest = torch.compile(Rest(self._network, stage).to(device).eval()) if compiled else None

    def run(self, windows: NDArray[Any]) -> Answer:
        """See `Engine.run`."""
        with self._precision():
            if self._front is None or self._rest is None:
                answer = predict_pooled(
                    self._network, windows, self.stage, batch_size=max(1, len(windows)), device=self._device
                )
                return Answer(*answer)
            with torch.inference_mode():
                given = torch.from_numpy(np.require(windows, np.float32, ["C", "W"])).to(self._device)
                logits, pooled = self._rest(self._front(given))
        return Answer(logits.float().cpu().numpy(), pooled.float().cpu().numpy())

    def _precision(self) -> AbstractContextManager[object]:
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(torch.device(self._device).type, torch.bfloat16)
