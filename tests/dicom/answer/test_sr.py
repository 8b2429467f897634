import io
import sys

import numpy as np
import pydicom
import pytest

import judges
import makers
from made_reports import NOW, PROBABILITIES, segment
from resp.audio import Recording
from resp.dicom import DicomError, read_instances
from resp.dicom.answer import make_sr, read_sr, sign
from resp.dicom.answer.files import write_instance
from resp.dicom.instance import as_bytes
from resp.dicom.write import waveform_bytes


@pytest.fixture(scope="session")
def document(report, source):
    return as_bytes(make_sr(report, source, now=NOW))


def again(document):
    return pydicom.dcmread(io.BytesIO(document))


def items(dataset, kind=None):
    return [item for item in walk(dataset) if kind is None or item.ValueType == kind]


def walk(dataset):
    yield dataset
    for child in dataset.get("ContentSequence", []):
        yield from walk(child)


@pytest.mark.parametrize("name", ["report", "abstained", "failed"])
def test_a_report_comes_back_equal_to_the_last_digit(name, source, request):
    given = request.getfixturevalue(name)
    assert read_sr(as_bytes(make_sr(given, source))).report == given


def test_classes_of_other_models_come_back_too(report, source):
    classes = {"vacuum cleaner with a name far longer than any code value, and than any code meaning may be": 0.25}
    other = report.model_copy(update={"segments": (segment(0, classes | {"dog": 0.75}),)})
    assert read_sr(as_bytes(make_sr(other, source))).report == other


def test_a_file_name_that_is_no_text_comes_back(failed, source):
    odd = failed.model_copy(update={"recording": failed.recording.model_copy(update={"file": "a\udcff.wav"})})
    assert read_sr(as_bytes(make_sr(odd, source))).report == odd


@pytest.mark.parametrize("name", ["report", "abstained", "failed"])
def test_dciodvfy_finds_no_error(name, source, request, tmp_path):
    write_instance(make_sr(request.getfixturevalue(name), source), tmp_path / "sr.dcm")
    judges.check_valid(tmp_path / "sr.dcm")


def test_dsrdump_shows_findings_times_probabilities_model_and_disclaimer(document, tmp_path):
    (tmp_path / "sr.dcm").write_bytes(document)
    shown = judges.dsrdump(tmp_path / "sr.dcm", "+Pl", "+Pc")
    for words in (
        "Preliminary Flag    : PRELIMINARY",
        "Completion Flag     : PARTIAL",
        "Verification Flag   : UNVERIFIED",
        '(121071,DCM,"Finding")=(crackle,99RESP,"Crackle")',
        '(111001,DCM,"Algorithm Name")="ast"',
        '(111003,DCM,"Algorithm Version")="1.2"',
        f"SHA-256 of weights and configuration: {'ab' * 32}",
        "(SEGMENT,0.6666666666666",
        '(122157,DCM,"Probability")="0.33333333333333"',
        "the two likeliest classes are too close",
        '(quality,99RESP,"Signal quality")',
        "a second — warning",
        "not a medical device",
        '(7771000,SCT,"Left")',
    ):
        assert words in shown, words


def test_each_time_range_selects_from_the_source(document, source, report):
    found = items(again(document), "TCOORD")
    assert len(found) == len(report.segments)
    for coordinates, one in zip(found, report.segments, strict=True):
        assert coordinates.TemporalRangeType == "SEGMENT"
        assert [float(time_s) for time_s in coordinates.ReferencedTimeOffsets] == pytest.approx(
            [one.start_s, one.end_s], abs=1e-12
        )
        (waveform,) = coordinates.ContentSequence
        assert waveform.RelationshipType == "SELECTED FROM"
        assert waveform.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == source.sop_instance_uid


def test_numbers_are_exact_beside_their_decimals(document):
    exact = {
        float(item.MeasuredValueSequence[0].get("FloatingPointValue", item.MeasuredValueSequence[0].NumericValue))
        for item in items(again(document), "NUM")
    }
    assert set(PROBABILITIES.values()) <= exact


def test_it_stands_in_the_study_of_the_source_in_a_series_of_its_own(document, source):
    made = again(document)
    assert made.StudyInstanceUID == source.study_instance_uid
    assert made.SeriesInstanceUID != source.series_instance_uid
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyDate"):
        assert made[keyword].value == source.header[keyword].value, keyword
    evidence = made.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.StudyInstanceUID == source.study_instance_uid
    assert evidence.ReferencedSeriesSequence[0].SeriesInstanceUID == source.series_instance_uid
    referenced = evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert referenced.ReferencedSOPInstanceUID == source.sop_instance_uid
    assert referenced.ReferencedSOPClassUID == source.sop_class_uid


def test_every_code_of_ours_has_its_scheme_explained(document):
    made = again(document)
    assert [item.CodingSchemeDesignator for item in made.CodingSchemeIdentificationSequence] == ["99RESP"]
    assert any(
        item.EquivalentCodeSequence[0].CodeValue == "48409008"
        for item in _codes(made)
        if "EquivalentCodeSequence" in item
    )


def _codes(made):
    return [code for item in items(made, "CODE") for code in item.ConceptCodeSequence]


def test_the_same_report_has_the_same_uid_and_another_another(report, source, failed):
    first, second, other = (make_sr(one, source) for one in (report, report, failed))
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert first.SOPInstanceUID != other.SOPInstanceUID


def test_highdicom_reads_the_groups_once_it_is_told_of_waveforms(document, monkeypatch, report):
    """Its own reader: a second author's understanding of TID 1500, but for the value type that it forgot."""
    from highdicom.sr import MeasurementReport, WaveformContentItem, value_types
    from highdicom.sr.enum import ValueTypeValues

    known = value_types._get_content_item_class
    monkeypatch.setattr(
        value_types,
        "_get_content_item_class",
        lambda kind: WaveformContentItem if kind is ValueTypeValues.WAVEFORM else known(kind),
    )
    checked = value_types._assert_value_type
    monkeypatch.setattr(
        value_types,
        "_assert_value_type",
        lambda item, kind: None if item.get("ValueType") == "WAVEFORM" else checked(item, kind),
    )
    made = again(document)
    root = pydicom.Dataset()
    for keyword in ("ValueType", "ConceptNameCodeSequence", "ContinuityOfContent", "ContentTemplateSequence"):
        root[keyword] = made[keyword]
    root.ContentSequence = made.ContentSequence
    tree = MeasurementReport.from_sequence([root])
    groups = tree._find_measurement_groups()
    # Recording, quality, familiarity, and each segment.
    assert len(groups) == 3 + len(report.segments)


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [("TEXT", "TextValue", "something else"), ("NUM", None, "0.9"), ("CODE", None, None), ("TCOORD", None, None)],
)
def test_a_document_that_was_changed_is_refused(document, kind, element, value):
    made = again(document)
    # The last of its kind within the findings; the JSON itself is text too, and stands behind them.
    findings = next(item for item in made.ContentSequence if item.ValueType == "CONTAINER")
    item = items(findings, kind)[-1]
    if element:
        setattr(item, element, value)
    elif kind == "NUM":
        item.MeasuredValueSequence[0].NumericValue = value
    elif kind == "CODE":
        item.ConceptCodeSequence[0].CodeValue = "other"
    else:
        item.ReferencedTimeOffsets = ["0", "1"]
    with pytest.raises(DicomError, match=r"do not use it|was changed"):
        read_sr(as_bytes(made))


def test_a_finding_that_was_taken_out_is_missed(document):
    made = again(document)
    findings = next(item for item in made.ContentSequence if item.ValueType == "CONTAINER")
    del findings.ContentSequence[-1]
    with pytest.raises(DicomError, match="do not use it"):
        read_sr(as_bytes(made))


def test_new_identifiers_do_no_harm(document, report):
    """De-identification gives every UID a new value."""
    made = again(document)
    new = {}
    for element in made.iterall():
        if (
            element.VR == "UI"
            and "Class" not in element.keyword
            and element.value
            and "CodingScheme" not in element.keyword
        ):
            element.value = new.setdefault(element.value, f"1.2.3.{len(new) + 1}")
    made.SOPInstanceUID = new[again(document).SOPInstanceUID]
    assert read_sr(as_bytes(made)).report == report


@pytest.mark.parametrize(
    "keyword", ["PatientID", "PatientName", "PatientSex", "StudyDate", "AccessionNumber", "StudyID"]
)
def test_a_source_that_lacks_or_breaks_an_element_is_answered(keyword, report, tmp_path):
    made = makers.make_audio()
    delattr(made, keyword)
    (lacking,) = read_instances(makers.as_bytes(made))
    write_instance(make_sr(report, lacking.source), tmp_path / "sr.dcm")
    judges.check_valid(tmp_path / "sr.dcm")
    if keyword == "PatientSex":
        made.PatientSex = "W"
        (odd,) = read_instances(makers.as_bytes(made))
        assert make_sr(report, odd.source).PatientSex == "W"


def test_a_name_in_an_old_character_set_survives(report):
    made = makers.make_audio()
    made.SpecificCharacterSet = "ISO_IR 144"
    made.ReferringPhysicianName = ""
    made.PatientName = "Люксембург"
    (one,) = read_instances(makers.as_bytes(made))
    assert str(again(as_bytes(make_sr(report, one.source))).PatientName) == "Люксембург"


def test_of_several_groups_the_right_channels_are_named(report):
    sound = Recording(np.random.default_rng(0).normal(size=(3, 4000)), 4000)
    _, second = read_instances(waveform_bytes(sound))
    back = read_sr(as_bytes(make_sr(report, second.source)))
    assert back.waveform.channels == ((2, 1),)
    assert back.report == report


def test_signing_makes_a_new_verified_document_that_names_the_old_one(document, report, tmp_path):
    signed = sign(document, "Ärztin^Anna", "Klinik am See", observer_id="4711", now=NOW)
    write_instance(signed, tmp_path / "signed.dcm")
    judges.check_valid(tmp_path / "signed.dcm")
    shown = judges.dsrdump(tmp_path / "signed.dcm")
    for words in ("VERIFIED", "COMPLETE", "FINAL", "Ärztin^Anna", "Klinik am See", "Predecessor Docs    : 1"):
        assert words in shown, words
    before, after = again(document), read_sr(tmp_path / "signed.dcm")
    assert after.verified
    assert after.report == report
    assert after.observers == (("Ärztin^Anna", "Klinik am See", "20240301093000+0000"),)
    assert after.predecessors == (before.SOPInstanceUID,)
    assert after.sop_instance_uid != before.SOPInstanceUID
    predecessor = signed.PredecessorDocumentsSequence[0]
    assert predecessor.StudyInstanceUID == before.StudyInstanceUID
    assert predecessor.ReferencedSeriesSequence[0].SeriesInstanceUID == before.SeriesInstanceUID


def test_what_cannot_be_signed_is_refused(document, source, failed):
    signed = sign(document, "A^B", "C")
    with pytest.raises(DicomError, match="verified already"):
        sign(signed, "A^B", "C")
    with pytest.raises(DicomError, match="no finding to verify"):
        sign(make_sr(failed, source), "A^B", "C")
    for name in ("", " ^ ", "a\\b", "a=b", "x" * 65, "a^b^c^d^e^f", "a\nb"):
        with pytest.raises(DicomError, match="observer"):
            sign(document, name, "C")
    with pytest.raises(DicomError, match="organization"):
        sign(document, "A^B", " ")
    changed = again(document)
    changed.ContentSequence[-1].TextValue = "{}"
    with pytest.raises(DicomError, match="version"):
        sign(changed, "A^B", "C")


@pytest.mark.parametrize("damage", ["empty", "sound", "text", "cut", "foreign", "missing"])
def test_what_is_no_report_of_ours_is_refused(damage, document, tmp_path):
    given = {
        "empty": b"",
        "sound": makers.as_bytes(makers.make_audio()),
        "text": b"hello" * 100,
        "cut": document[: len(document) // 2],
        "foreign": _foreign(document),
        "missing": tmp_path / "nothing.dcm",
    }[damage]
    with pytest.raises(DicomError):
        read_sr(given)


def _foreign(document):
    made = again(document)
    made.ContentSequence = made.ContentSequence[:-1]
    return as_bytes(made)


def test_without_highdicom_one_sentence_names_the_extra_and_reading_goes_on(document, report, source, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom.sr", None)
    with pytest.raises(DicomError, match=r'pip install "resp\[dicom\]"'):
        make_sr(report, source)
    assert read_sr(document).report == report
