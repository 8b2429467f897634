"""What mixes ask of the sounds a batch was made from."""

from torch import Tensor

from resp.features.tensors import as_waveform
from resp.mix.contract import Origin
from resp.mix.errors import MixError


def known_origin(batch: Tensor, origin: Origin | None) -> Origin:
    """Return what a batch was before the network; `MixError` where that is not told or not of this batch."""
    if origin is None:
        raise MixError(
            "this mix weighs samples by how loud their sounds are, and is not told the sounds; "
            "pass origin=Origin(waveform, rate_hz), as forward_mixed does"
        )
    if len(origin.waveform) != len(batch):
        raise MixError(f"{len(origin.waveform)} sounds for a batch of {len(batch)}; expected one for each sample")
    return origin


def full_samples(waveform: Tensor) -> Tensor:
    """Return waveforms in float32 at least; `MixError` where they are not [batch, time] or there are none."""
    if waveform.ndim != 2 or 0 in waveform.shape:
        raise MixError(
            f"waveforms of shape {tuple(waveform.shape)}; expected [batch, time], at least one sample of one sound"
        )
    return as_waveform(waveform)
