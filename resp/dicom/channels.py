"""From stored numbers to [−1, 1]: what the channels of a multiplex group say of their sensitivity and baseline.

A recording is relative sound: full scale of the stored numbers becomes 1, and a sensitivity that all channels share
changes nothing. Where it differs, and all give it in the same unit, the channels keep their proportion: the most
sensitive full scale becomes 1. A sensitivity in shares of full scale, as `resp.dicom.write` states it, is kept as it
is. Silence is the stored number that the baseline names; without one it is 0, or half of the range where the numbers
are unsigned (offset binary).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.dicom.codes import FULL_SCALE
from resp.dicom.errors import DicomError
from resp.dicom.places import words_of
from resp.dicom.samples import SampleFormat
from resp.dicom.source import DicomChannel
from resp.dicom.values import Values


@dataclass(frozen=True, slots=True)
class Scale:
    """What turns stored numbers into sound: (number − zero) × factor, [channels] each; ``notes`` say what was odd."""

    zero: NDArray[np.float64]
    factor: NDArray[np.float64]
    notes: tuple[str, ...] = ()


def read_channels(group: Values, count: int) -> tuple[tuple[DicomChannel, ...], tuple[int | None, ...]]:
    """Return what the channels of a group say of themselves, and their bits stored.

    Parameters
    ----------
    group
        An item of the Waveform Sequence.
    count
        How many channels it has.

    Raises
    ------
    DicomError
        Another number of definitions than channels, or values that are no numbers.
    """
    definitions = group.inner("ChannelDefinitionSequence")
    if not definitions:
        return (DicomChannel(),) * count, (None,) * count
    if len(definitions) != count:
        raise group.bad(
            "ChannelDefinitionSequence",
            f"has {len(definitions)} items for {count} channels ((003A,0005) Number of Waveform Channels)",
        )
    bits = (one.number("WaveformBitsStored") for one in definitions)
    return tuple(_channel(one) for one in definitions), tuple(None if b is None else int(b) for b in bits)


def _channel(definition: Values) -> DicomChannel:
    sensitivity = definition.number("ChannelSensitivity")
    correction = definition.number("ChannelSensitivityCorrectionFactor")
    units = definition.inner("ChannelSensitivityUnitsSequence")
    source = definition.inner("ChannelSourceSequence")
    modifiers = definition.inner("ChannelSourceModifiersSequence")
    return DicomChannel(
        label=definition.text("ChannelLabel"),
        place=" ".join(filter(None, map(words_of, (*source, *modifiers)))) or None,
        sensitivity=None if sensitivity is None else sensitivity * (1.0 if correction is None else correction),
        unit=units[0].text("CodeValue") if units else None,
        baseline=None if sensitivity is None else definition.number("ChannelBaseline"),
    )


def scale_of(
    channels: Sequence[DicomChannel], bits_stored: Sequence[int | None], form: SampleFormat, where: str
) -> Scale:
    """Return how a group's stored numbers become sound.

    Raises
    ------
    DicomError
        More bits stored than allocated, or none.
    """
    for bits in bits_stored:
        if bits is not None and not form.companded and not 1 < bits <= form.bits:
            raise DicomError(
                f"{where}: (003A,021A) Waveform Bits Stored is {bits} of {form.bits} allocated; "
                f"expected 2 to {form.bits}"
            )
    full = np.array([form.full_scale(bits) for bits in bits_stored])
    notes: list[str] = []
    steps = _steps(channels, notes)
    reach = np.abs(steps) * full
    absolute = not notes and all(channel.unit == FULL_SCALE.value and channel.sensitivity for channel in channels)
    # Where a channel reaches furthest, the quotient is exactly one, and its samples are exact.
    share = reach if absolute else reach / reach.max()
    return Scale(_zeros(channels, full, form, notes), np.sign(steps) * share / full, tuple(notes))


def _steps(channels: Sequence[DicomChannel], notes: list[str]) -> NDArray[np.float64]:
    """Return what one step of each channel is worth, all one where that is not known."""
    given = [channel.sensitivity for channel in channels]
    known = [value for value in given if value is not None]
    if not known:
        return np.ones(len(channels))
    sound = len(known) == len(given) and all(value and math.isfinite(value) for value in known)
    if sound and len({channel.unit for channel in channels}) == 1 and max(map(abs, known)) < 1e9 * min(map(abs, known)):
        return np.array(known)
    if len(channels) > 1 or not sound:
        notes.append("channel sensitivities are missing, zero or in different units; they were left aside")
    return np.ones(len(channels))


def _zeros(
    channels: Sequence[DicomChannel], full: NDArray[np.float64], form: SampleFormat, notes: list[str]
) -> NDArray[np.float64]:
    """Return the stored number that means silence, [channels]."""
    zeros = full.copy() if form.unsigned else np.zeros(len(channels))
    if form.companded:
        return zeros
    for index, channel in enumerate(channels):
        if not channel.baseline or not channel.sensitivity:
            continue
        zero = -channel.baseline / channel.sensitivity
        low = 0.0 if form.unsigned else -full[index]
        if low <= zero <= low + 2 * full[index]:
            zeros[index] = zero
        else:
            notes.append(f"the baseline of channel {index + 1} lies outside of what can be stored; it was left aside")
    return zeros
