"""What a stethoscope hears besides the lung: the patient's heart, and the ward around."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from resp.audio.babble import synthesise_babble
from resp.audio.heart_sounds import synthesise_heart
from resp.audio.limits import Limits
from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.errors import AugmentError
from resp.augment.spectrum import add_at_ratio, check_rate

BedsideSound = Literal["heart", "babble"]
BEDSIDE_SOUNDS: tuple[BedsideSound, ...] = get_args(BedsideSound)

# Slower sound is not synthesised.
SLOWEST_HZ = Limits().min_rate_hz
# Made once for a rate; each sample of a batch hears a stretch of one of them that begins anywhere.
SCENES, SCENE_S = 32, 30.0
# A child's heart, or one that is ill, is faster than those that `resp.evaluate.conditions` measures with.
_BEATS_PER_MIN = (45.0, 150.0)
# Nor do the scenes begin with the seeds that are measured with.
_FIRST_SEED = 10_000


@dataclass(frozen=True, slots=True)
class BedsideDraw:
    """What is added to a batch.

    Parameters
    ----------
    sound
        [batch, time].
    snr_db
        [batch, 1] signal-to-noise ratios.
    """

    sound: Tensor
    snr_db: Tensor


class Bedside(WaveformTransform[BedsideDraw]):
    """Add the heart or the babble of a ward, so that a network learns to hear the lung beside them.

    Both are synthetic: `resp.audio.heart_sounds` at 45 to 150 beats a minute, `resp.audio.babble` (voices, an alarm,
    ventilation). Each sample gets one of the kinds, all alike likely. The ratio is of mean powers over the whole clip,
    its own noise counted as signal, so silence stays silent.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform, 4000 Hz or more.
    kinds
        Some of ``heart`` and ``babble``.
    snr_db
        (lowest, highest) signal-to-noise ratio.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        A slower rate, no kind or an unknown one, a span that runs backwards or is not finite, or a ``probability`` that
        is not in [0, 1].
    """

    def __init__(
        self,
        rate_hz: int,
        kinds: tuple[BedsideSound, ...] = BEDSIDE_SOUNDS,
        snr_db: Span = (0.0, 30.0),
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.rate_hz = check_rate(rate_hz, SLOWEST_HZ)
        if isinstance(kinds, str) or not kinds or not set(kinds) <= set(BEDSIDE_SOUNDS):
            raise AugmentError(f"kinds {kinds!r}; expected a list of some of {', '.join(BEDSIDE_SOUNDS)}")
        self.kinds = tuple(kinds)
        self.snr_db = check_span("snr_db", snr_db)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> BedsideDraw:
        """Draw which stretch of which scene each sample hears, and how loud."""

        def whole(most: int) -> list[int]:
            drawn = torch.randint(most, (len(waveform),), generator=generator, device=generator.device)
            return [int(one) for one in drawn]

        kinds, scenes, begins = whole(len(self.kinds)), whole(SCENES), whole(round(SCENE_S * self.rate_hz))
        size = waveform.shape[1]
        sound = torch.stack(
            [
                _stretch(_scene(self.kinds[kind], scene, self.rate_hz), begin, size)
                for kind, scene, begin in zip(kinds, scenes, begins, strict=True)
            ]
        )
        return BedsideDraw(sound.to(waveform.device), uniform(waveform, self.snr_db, generator))

    def apply(self, waveform: Tensor, drawn: BedsideDraw) -> Tensor:
        """Return the batch with the sound added."""
        return add_at_ratio(waveform, drawn.sound.to(waveform.dtype), drawn.snr_db)


def _stretch(scene: Tensor, begin: int, size: int) -> Tensor:
    """Return so many samples of a scene, which begins anew where it ends."""
    return scene[(begin + torch.arange(size)) % len(scene)]


@lru_cache(maxsize=2 * len(BEDSIDE_SOUNDS) * SCENES)
def _scene(kind: BedsideSound, number: int, rate_hz: int) -> Tensor:
    return torch.from_numpy(_MAKERS[kind](number, rate_hz))


def _heart(number: int, rate_hz: int) -> np.ndarray:
    slow, fast = _BEATS_PER_MIN
    rate = slow + (fast - slow) * number / (SCENES - 1)
    return synthesise_heart(SCENE_S, rate_hz, beats_per_min=rate, seed=_FIRST_SEED + number)


def _babble(number: int, rate_hz: int) -> np.ndarray:
    return synthesise_babble(SCENE_S, rate_hz, seed=_FIRST_SEED + number)


_MAKERS: dict[BedsideSound, Callable[[int, int], np.ndarray]] = {"heart": _heart, "babble": _babble}
