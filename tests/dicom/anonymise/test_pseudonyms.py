"""Pseudonyms: consistent, valid, recognised by their own key alone."""

import re

import pytest

from resp.dicom import DicomError
from resp.dicom.anonymise import Pseudonyms, read_or_make_key

KEY = b"sixteen bytes at least"
UIDS = [f"1.2.3.{number}" for number in range(500)]


def test_uids_are_valid_and_different():
    made = {Pseudonyms(KEY).uid(uid) for uid in UIDS}
    assert len(made) == len(UIDS)
    for uid in made:
        assert len(uid) <= 64
        assert re.fullmatch(r"2\.25\.[1-9][0-9]*", uid)


def test_own_pseudonyms_stay_and_those_of_another_key_do_not():
    one, other = Pseudonyms(KEY), Pseudonyms()
    for uid in map(one.uid, UIDS[:50]):
        assert one.uid(uid) == uid
        assert other.uid(uid) != uid
    patient = one.patient("4711")
    assert one.patient(patient) == patient
    assert other.patient(patient) != patient
    assert one.days("4711") > 0
    assert one.days(patient) == 0


def test_standard_uids_stay():
    assert Pseudonyms(KEY).uid("1.2.840.10008.1.2.1") == "1.2.840.10008.1.2.1"


@pytest.mark.parametrize("odd", ["1.2.840.10008.19440607", "1.2.840.10008.1/../../x", "1.2.840.10008.1\n"])
def test_nothing_hides_behind_the_root_of_the_standard(odd):
    assert re.fullmatch(r"2\.25\.[0-9]+", Pseudonyms(KEY).uid(odd))


@pytest.mark.parametrize("odd", ["2.25.", "2.25.x", "2.25.0", f"2.25.{10**60}", "P", "PÄÖ", "P====", "2.25.٣"])
def test_odd_words_are_no_pseudonyms(odd):
    assert Pseudonyms(KEY).uid(odd) != odd
    assert Pseudonyms(KEY).patient(odd) != odd


def test_a_key_file_is_made_private_and_read_again(tmp_path):
    made = read_or_make_key(tmp_path / "key")
    assert read_or_make_key(tmp_path / "key") == made
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


def test_a_short_key_is_refused(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(DicomError, match="expected 16"):
        read_or_make_key(tmp_path / "key")
    with pytest.raises(DicomError, match="at least 16"):
        Pseudonyms(b"short")
