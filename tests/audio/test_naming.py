"""File names of ICBHI and KAUH."""

from collections import Counter
from pathlib import Path

import pytest

from resp.audio import KnownFromName, describe_file_name
from resp.audio.naming import IcbhiName, KauhName, describe_kauh_site, parse_icbhi_name, parse_kauh_name


@pytest.mark.parametrize(
    "name",
    [
        "101_1b1_Al_sc_Meditron.wav",
        "101_1b1_Al_sc_Meditron",
        "a/b c/101_1b1_Al_sc_Meditron.WAV",
        "C:\\x\\101_1b1_Al_sc_Meditron.txt",
    ],
)
def test_icbhi(name):
    assert parse_icbhi_name(name) == IcbhiName("101", "1b1", "Al", "sc", "Meditron")
    assert describe_file_name(name) == KnownFromName("icbhi", "icbhi-101", "anterior left", "Meditron")


def test_kauh():
    parsed = parse_kauh_name("kauh/DP7_Heart Failure + COPD,I C E W,P L R ,71,m.wav")
    assert parsed == KauhName("7", "diaphragm", "Heart Failure + COPD", "I C E W", "P L R", 71, "M")
    known = describe_file_name("BP22_BRON,Crep,P R U,24,F.wav")
    assert known == KnownFromName("kauh", "kauh-22", "posterior right upper", "Litt3200", "bell")
    odd = parse_kauh_name("EP1_N,N,?,unknown,x.wav")
    assert (odd.age_years, odd.sex, odd.stethoscope_filter) == (None, None, "extended")
    assert describe_file_name("EP1_N,N,?,unknown,x.wav").body_site is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "my recording.wav",
        "101_1b1_Xx_sc_Meditron.wav",
        "1011_1b1_Al_sc_Meditron.wav",
        "FP1_N,N,P L L,1,M.wav",
        "1-100032-A.ogg",
    ],
)
def test_other_names_tell_nothing(name):
    assert parse_icbhi_name(name) is None
    assert parse_kauh_name(name) is None
    assert describe_file_name(name) == KnownFromName()


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("P R U", "posterior right upper"),
        ("A U R", "anterior right upper"),
        ("A L U", "anterior left upper"),
        ("P L M", "posterior left middle"),
        ("P L L", "posterior left lower"),
        ("P R L ", "posterior right lower"),
        ("P L R", "posterior right lower"),
        ("P L L R", "posterior left and right lower"),
        ("P", "posterior"),
        ("P L", "posterior left"),
        ("", None),
        ("X R U", None),
        ("P R Q", None),
    ],
)
def test_kauh_sites(site, words):
    assert describe_kauh_site(site) == words


@pytest.mark.data
def test_every_real_name_is_understood(data_dir: Path):
    icbhi = [parse_icbhi_name(path.name) for path in data_dir.glob("icbhi/annotations/*.txt")]
    assert len(icbhi) == 920
    assert all(icbhi)
    assert len({parsed.patient for parsed in icbhi}) == 126
    kauh = [parse_kauh_name(path.name) for path in data_dir.glob("kauh/*.wav")]
    assert all(kauh)
    assert len({parsed.patient for parsed in kauh}) == 97
    assert set(Counter(parsed.stethoscope_filter for parsed in kauh).values()) == {97}
    assert all(parsed.age_years and parsed.sex and describe_kauh_site(parsed.site) for parsed in kauh)
