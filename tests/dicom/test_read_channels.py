"""Channels of DICOM sound: sensitivity, units and baseline."""

import numpy as np

from makers import Group, as_bytes, make_audio, sound_of, stored_of, tone
from one_recording import RATE_HZ, made, only
from resp.dicom import read_instance


def test_a_sensitivity_that_all_channels_share_changes_nothing():
    plain, scaled = (only(as_bytes(made(channels=2, sensitivity=s))) for s in (None, 0.003))
    np.testing.assert_array_equal(scaled.samples, plain.samples)
    assert scaled.notes == ()


def test_channels_keep_their_proportion():
    data = made(channels=2, sensitivity=0.5)
    first, second = data.WaveformSequence[0].ChannelDefinitionSequence
    second.ChannelSensitivityCorrectionFactor = "0.25"
    plain, scaled = only(as_bytes(made(channels=2))).samples, only(as_bytes(data)).samples
    np.testing.assert_array_equal(scaled[0], plain[0])
    np.testing.assert_array_equal(scaled[1], plain[1] / 4)
    first.ChannelSensitivityUnitsSequence[0].CodeValue = "mV"
    other = only(as_bytes(data))
    np.testing.assert_array_equal(other.samples, plain)
    assert "different units" in other.notes[0]


def test_a_share_of_full_scale_is_taken_as_it_is():
    data = made(sensitivity=2**-17)
    data.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSensitivityUnitsSequence[0].CodeValue = "{full_scale}"
    stated = float(data.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSensitivity)
    stored = stored_of(tone(RATE_HZ), "SS")
    np.testing.assert_allclose(only(as_bytes(data)).samples, stored * stated, rtol=1e-6)


def test_the_baseline_says_which_number_is_silence():
    stored = stored_of(tone(RATE_HZ) / 2, "SS") + 1000
    recording = only(as_bytes(make_audio(Group(stored, sensitivity=0.5, baseline=-500.0))))
    np.testing.assert_allclose(recording.samples, (stored - 1000) / 32768, atol=1e-7)
    far = only(as_bytes(make_audio(Group(stored, sensitivity=0.5, baseline=-1e6))))
    np.testing.assert_allclose(far.samples, stored / 32768, atol=1e-7)
    assert "baseline of channel 1" in far.notes[0]


def test_the_baseline_of_unsigned_numbers_stands_for_half_of_the_range():
    stored = stored_of(tone(RATE_HZ), "US")
    for baseline in (0.0, -32768.0):
        recording = only(as_bytes(make_audio(Group(stored, interpretation="US", sensitivity=1.0, baseline=baseline))))
        np.testing.assert_allclose(recording.samples, sound_of(stored, "US"), atol=1e-7)


def test_what_the_channels_say_is_kept():
    channel = read_instance(as_bytes(made(sensitivity=0.5, correction=3.0, baseline=0.25))).source.channels[0]
    assert (channel.label, channel.sensitivity, channel.unit, channel.baseline) == ("channel 1", 1.5, "Pa", 0.25)
