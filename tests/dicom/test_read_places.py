"""Chest sites: codes, words and laterality of DICOM objects in our own names."""

import pytest
from pydicom.dataset import Dataset

import makers
from makers import as_bytes, body_site, make_audio
from resp.dicom import read_dicom


def code(value, meaning, scheme="SCT"):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def site_of(data):
    return read_dicom(as_bytes(data))[0].body_site


@pytest.mark.parametrize(
    ("value", "meaning", "laterality", "site"),
    [
        ("44567001", "Trachea", None, "trachea"),
        ("44567001", "Luftröhre", "U", "trachea"),
        ("T-25000", "x", None, "trachea"),
        ("999", "Posterior chest wall, right lower zone", None, "posterior right lower"),
        ("999", "Left upper posterior thorax", None, "posterior left upper"),
        ("999", "Anterior chest wall", "L", "anterior left"),
        ("999", "Back", "R", "posterior right"),
        ("999", "Back", "B", "posterior left and right"),
        ("999", "Left lateral chest", None, "lateral left"),
        ("7771000", "links", None, "left"),
        ("39607008", "Lung", None, None),
        ("39607008", "Lung", "L", "left lung"),
        ("44029006", "linke Lunge", None, "left lung"),
        ("999", "Mitral area", None, "mitral area"),
    ],
)
def test_the_acquisition_context(value, meaning, laterality, site):
    data = make_audio(AcquisitionContextSequence=body_site(value, meaning))
    if laterality:
        data.Laterality = laterality
    assert site_of(data) == site


def test_an_item_of_context_that_is_no_place_is_left_aside():
    posture = body_site("30212006", "Left lateral anterior decubitus")
    posture[0].ConceptNameCodeSequence[0].CodeMeaning = "Patient posture"
    assert site_of(make_audio(AcquisitionContextSequence=posture)) is None


def test_words_alone_and_items_within_items():
    item = body_site()[0]
    del item.ConceptCodeSequence
    item.ValueType, item.TextValue = "TEXT", "posterior left, lower"
    outer = Dataset()
    outer.ValueType = "CONTAINER"
    outer.ContentSequence = [item]
    assert site_of(make_audio(AcquisitionContextSequence=[outer])) == "posterior left lower"


def test_channels_say_it_more_closely_than_the_object():
    data = make_audio(AcquisitionContextSequence=body_site("44567001", "Trachea"))
    channel = data.WaveformSequence[0].ChannelDefinitionSequence[0]
    channel.ChannelSourceSequence = [code("999", "Posterior thorax")]
    channel.ChannelSourceModifiersSequence = [code("24028007", "right"), code("261122009", "Lower")]
    assert site_of(data) == "posterior right lower"


def test_channels_at_several_places_say_none():
    data = make_audio(makers.Group(makers.stored_of(makers.tone(channels=2), "SS")))
    for channel, side in zip(data.WaveformSequence[0].ChannelDefinitionSequence, ("left", "right"), strict=True):
        channel.ChannelSourceSequence = [code("999", f"posterior {side}")]
    assert site_of(data) is None


def test_the_anatomic_region_with_its_modifiers():
    region = code("51185008", "Thorax")
    region.AnatomicRegionModifierSequence = [code("255549009", "Anterior"), code("7771000", "Left")]
    assert site_of(make_audio(AnatomicRegionSequence=[region])) == "anterior left"


def test_the_body_part_alone_is_no_site():
    assert site_of(make_audio(BodyPartExamined="CHEST")) is None
    assert site_of(make_audio(BodyPartExamined="TRACHEA")) == "trachea"
