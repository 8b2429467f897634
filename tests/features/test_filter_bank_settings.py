import pytest
from pydantic import ValidationError

from resp.features import FeatureError, FilterBankSettings


def test_published_settings_have_one_empty_bin_and_are_accepted():
    assert FilterBankSettings().empty_bins == 1


def test_native_rate_of_a_stethoscope_is_accepted():
    assert 0 < FilterBankSettings(rate_hz=4000).empty_bins <= 32


def test_useless_settings_are_refused_and_the_advice_helps():
    with pytest.raises(
        FeatureError, match=r"66 of 128 mel bins .* lengthen the frame \(now 10 ms\) to more than 16 ms"
    ):
        FilterBankSettings(rate_hz=4000, frame_length_ms=10)
    FilterBankSettings(rate_hz=4000, frame_length_ms=16.5)
    with pytest.raises(FeatureError, match="to more than 64 ms or use fewer bins"):
        FilterBankSettings(rate_hz=4000, frame_length_ms=10, bins=512)
    with pytest.raises(FeatureError, match="to more than 64 ms or use fewer bins"):
        FilterBankSettings(rate_hz=4000, frame_length_ms=64, bins=512)
    FilterBankSettings(rate_hz=4000, frame_length_ms=64.5, bins=512)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_hz", 0),
        ("bins", 0),
        ("frame_length_ms", 0.0),
        ("frame_length_ms", -25.0),
        ("frame_shift_ms", 0.01),
        ("low_hz", -1.0),
        ("low_hz", 8000.0),
        ("high_hz", 8001.0),
        ("high_hz", 10.0),
        ("pre_emphasis", 1.5),
        ("log_floor", 0.0),
    ],
)
def test_values_out_of_range(name, value):
    with pytest.raises(FeatureError, match=f"filter bank setting {name} is {value}; expected"):
        FilterBankSettings(**{name: value})


def test_read_plain_values_and_back():
    settings = FilterBankSettings(rate_hz=4000, bins=64, frame_length_ms=64, high_hz=1900)
    assert FilterBankSettings.read(settings.model_dump(mode="json")) == settings
    assert FilterBankSettings.read(settings) is settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bin": 64}, "bin: Extra inputs"),
        ({"bins": "many"}, "bins: Input should be a valid integer"),
        ({"low_hz": float("nan")}, "low_hz: Input should be a finite number"),
        ({"bins": -3}, "bins is -3"),
    ],
)
def test_read_refuses(values, message):
    with pytest.raises(FeatureError, match=message):
        FilterBankSettings.read(values)


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        FilterBankSettings().bins = 3


def test_frames_are_cut_to_whole_samples():
    settings = FilterBankSettings(rate_hz=22050, frame_length_ms=20, bins=40)
    assert settings.frame_length == 441
    assert FilterBankSettings(rate_hz=44100).frame_length == 1102
