"""What is explained: one stretch of sound before a network, and how much it speaks for a class.

Explanations act on the sound itself, not on any stage of the network: a mask over the short-time Fourier transform of
the stretch says of each cell in time and frequency whether it is there (1) or taken away (0), and the sound that is
left goes through the whole network. So every network is explained on the same grid in seconds and Hz, whatever it
makes of its waveform, and a stretch that is repeated to fill the window is changed everywhere at once.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.audio import Recording, fit_length
from resp.features import istft, stft
from resp.features.mel import hz_to_mel
from resp.models.config import ClipSettings
from resp.models.folder import LoadedModel
from resp.models.network import Network
from resp.models.task import Task
from resp.score.explain.errors import ExplainError
from resp.score.explain.explanation import Explanation, Floats
from resp.score.prepare import prepare

FRAME_S = 0.064
BATCH = 8
# What is taken away becomes as loud as its frequency is in the quietest tenth of the stretch: silence would be a sound
# that no stethoscope makes, and what lies between two breaths is nothing new to the network.
_BACKGROUND_SHARE = 0.1
_MOST_DB = 80.0
TILE_S = 0.25
# About eight bands up to 2 kHz.
TILE_MEL = 190.0


@dataclass(frozen=True, eq=False)
class Heard:
    """A stretch of sound before a network, and the class that is explained.

    Parameters
    ----------
    network
        In evaluation mode.
    samples
        The stretch, [time], at the network's rate and on its device, as far as it fits the window.
    clip
        How it fills the window.
    target
        Index of the class.
    task
        Whether the classes exclude each other.
    start_s, end_s
        The stretch, in seconds of the recording.
    """

    network: Network
    samples: Tensor
    clip: ClipSettings
    target: int
    task: Task
    start_s: float
    end_s: float

    @property
    def rate_hz(self) -> int:
        """Sampling rate, in Hz."""
        return self.network.rate_hz

    @property
    def _window(self) -> int:
        return max(4, 4 * round(FRAME_S * self.rate_hz / 4))

    @cached_property
    def _spectrum(self) -> Tensor:
        """The transform of the stretch, complex [bins, frames]."""
        return stft(self.samples, self._window)

    @cached_property
    def loudness_db(self) -> Tensor:
        """How far each cell lies above the background, in dB, [frames, bins]; none below 0."""
        level_db = 20 * self._spectrum.abs().clamp(min=1e-7).log10().T
        background_db = level_db.quantile(_BACKGROUND_SHARE, dim=0, keepdim=True)
        return (level_db - background_db).clamp(0, _MOST_DB)

    @property
    def shape(self) -> tuple[int, int]:
        """Frames and bins of the grid."""
        frames, bins = self.loudness_db.shape
        return frames, bins

    @property
    def times_s(self) -> Floats:
        """Centres of the frames, in seconds from the beginning of the stretch."""
        return np.arange(self.shape[0]) * (self._window // 4) / self.rate_hz

    @property
    def frequencies_hz(self) -> Floats:
        """Centres of the bins."""
        return np.arange(self.shape[1]) * self.rate_hz / self._window

    def masked(self, mask: Tensor) -> Tensor:
        """Return the stretch with cells taken away, in the network's window.

        Parameters
        ----------
        mask
            [n, frames, bins]: 1 leaves a cell, 0 brings it to the background; in between its level in dB does so in
            proportion.

        Returns
        -------
        Tensor
            [n, window].
        """
        gain = 10 ** ((mask - 1) * self.loudness_db / 20)
        left = istft(self._spectrum * gain.transpose(1, 2), self._window, len(self.samples))
        return self._fitted(left)

    def log_odds(self, mask: Tensor) -> Tensor:
        """Return the log-odds of the class, [n], with cells taken away by ``mask`` [n, frames, bins].

        What is explained: unlike a probability it does not flatten where the network is sure, and unlike a logit it
        cannot rise because every class rises.
        """
        logits: Tensor = self.network(self.masked(mask)).float()
        if self.task == "multi_label" or logits.shape[1] == 1:
            return logits[:, self.target]
        others = torch.cat((logits[:, : self.target], logits[:, self.target + 1 :]), dim=1)
        return logits[:, self.target] - others.logsumexp(dim=1)

    def most_probable(self) -> int:
        """Return the index of the class that the network finds most probable in the whole stretch."""
        with torch.no_grad():
            return int(self.network(self._fitted(self.samples[None]))[0].argmax())

    def probabilities(self, masks: Tensor) -> NDArray[np.float64]:
        """Return the class's uncalibrated probability, [n], with cells taken away by ``masks`` [n, frames, bins]."""
        with torch.no_grad():
            odds = torch.cat([self.log_odds(part.to(self.samples)) for part in torch.split(masks, BATCH)])
        return np.asarray(odds.double().sigmoid().cpu().numpy())

    def tiles(self, step_s: float = TILE_S, step_mel: float = TILE_MEL) -> NDArray[np.int64]:
        """Return which rectangle, of about ``step_s`` by ``step_mel``, each cell of the grid falls into.

        Returns
        -------
        ndarray
            int64 [frames, bins], from 0 without gaps.
        """
        frames, bins = self.shape
        columns = min(frames, max(1, round(len(self.samples) / self.rate_hz / step_s)))
        mel = np.array([hz_to_mel(frequency) for frequency in self.frequencies_hz])
        bands = max(1, round(mel[-1] / step_mel))
        column = np.arange(frames) * columns // frames
        band = np.minimum((mel / mel[-1] * bands).astype(np.int64), bands - 1)
        return np.unique(column[:, None] * bands + band[None, :], return_inverse=True)[1].reshape(frames, bins)

    def explanation(self, method: str, importance: NDArray[np.floating]) -> Explanation:
        """Return the explanation with an importance [frames, bins] on the grid."""
        return Explanation(
            method=method,
            label=self.network.classes[self.target],
            importance=importance.astype(np.float32),
            times_s=self.start_s + self.times_s,
            frequencies_hz=self.frequencies_hz,
            start_s=self.start_s,
            end_s=min(self.end_s, self.start_s + len(self.samples) / self.rate_hz),
        )

    def _fitted(self, samples: Tensor) -> Tensor:
        """As `resp.audio.fit_length`, but gradients come through: the same samples, by the same weights."""
        length, window = samples.shape[-1], self.clip.window_samples(self.rate_hz)
        weights = fit_length(np.ones(length, dtype=np.float32), window, self.clip.fit, self.clip.fade_samples)
        place = torch.arange(window, device=samples.device) % length
        return samples[:, place] * torch.from_numpy(weights).to(samples)


def hear(model: LoadedModel, recording: Recording, start_s: float, end_s: float, *, label: str | None = None) -> Heard:
    """Put a stretch of a recording before a model's network, cut and levelled as scoring does it.

    Parameters
    ----------
    model
        Its network, and how sound is prepared for it.
    recording
        Any rate and number of channels.
    start_s, end_s
        The stretch, in seconds.
    label
        The class to explain; None takes the most probable one.

    Raises
    ------
    ExplainError
        Sound that cannot be judged, or no such class.
    ScoreError
        A stretch that does not lie in the recording.
    """
    network, clip = model.network, model.config.clip
    if label is not None and label not in network.classes:
        raise ExplainError(f"no class {label!r} to explain; the model has {', '.join(network.classes)}")
    prepared = prepare(recording, model.config, network.rate_hz, file=recording.source, cycles=[(start_s, end_s)])
    if not prepared.spans:
        raise ExplainError("sound that cannot be judged: " + "; ".join(prepared.quality.reasons))
    end_s = prepared.spans[0].end_s
    rate_hz = network.rate_hz
    first, window = round(start_s * rate_hz), clip.window_samples(rate_hz)
    # A whole window by its length, as scoring takes it: one sample too few would be filled up and faded.
    whole = abs(end_s - start_s - clip.window_s) < 0.5 / rate_hz
    last = first + window if whole else min(round(end_s * rate_hz), first + window)
    place = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    samples = torch.from_numpy(prepared.waveform[first:last].copy()).to(place)
    heard = Heard(network, samples, clip, 0, model.config.task, start_s, end_s)
    return replace(heard, target=network.classes.index(label) if label is not None else heard.most_probable())
