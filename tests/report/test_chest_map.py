from itertools import combinations

import pytest

from resp.audio.naming import ICBHI_SITES
from resp.dicom.body_sites import site_codes
from resp.report import ReportError
from resp.report.chest_map import DRAWING, ROUNDS, SITES, chest_site, guess_site, site_name, svg_path
from resp.words import LANGUAGES, words


def test_icbhi_codes_mean_what_the_data_set_says():
    for code, body_site in ICBHI_SITES.items():
        assert SITES[code].body_site == body_site


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_left_and_right_are_the_patients_own(site):
    if site.side is None:
        assert site.x == 0.5
    else:
        at_viewers_left = site.x < 0.5
        assert at_viewers_left == ((site.side == "right") == (site.view == "front"))
    assert 0 < site.x - site.radius_x < site.x + site.radius_x < 1
    assert 0 < site.y - site.radius_y < site.y + site.radius_y < 1


def test_points_of_a_view_can_be_told_apart():
    points = [site for site in SITES.values() if not site.is_area]
    for one, other in combinations(points, 2):
        if one.view == other.view:
            distance = ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
            assert distance > one.radius_x + other.radius_x, (one.code, other.code)


def test_a_side_without_a_height_holds_its_points():
    for site in SITES.values():
        if site.is_area:
            for level in "UML":
                point = SITES[site.code + level]
                assert abs(point.x - site.x) < site.radius_x
                assert abs(point.y - site.y) < site.radius_y


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_place_has_a_name_of_its_own(language):
    names = [site.name(words(language)) for site in SITES.values()]
    assert len(set(names)) == len(SITES)
    assert site_name(None, words(language)) not in names


def test_every_place_has_codes_in_dicom():
    for site in SITES.values():
        coded = site_codes(site.body_site)
        assert len(coded) == 1 + (site.side is not None) + (site.side is not None), site.code


def test_words_of_a_place_lead_back_to_it():
    for site in SITES.values():
        assert guess_site(body_site=site.body_site) == site.code
        for language in LANGUAGES:
            assert guess_site(body_site=site.name(words(language))) == site.code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("101_1b1_Al_sc_Meditron.wav", "Al"),
        ("folder/226_1b1_Pl_sc_LittC2SE.wav", "Pl"),
        ("BP22_BRON,Crep,P R U,24,M.wav", "PrU"),
        ("BP3_Asthma,I E W,P L L R,50,F.wav", None),
        ("left posterior base.wav", "PlL"),
        ("rightLowerBack.m4a", "PrL"),
        ("hinten links unten.wav", "PlL"),
        ("visit2_LrM.wav", "LrM"),
        ("PrL-PlL.wav", None),
        ("Al Smith.wav", None),
        ("left.wav", None),
        ("front left and right.wav", None),
        ("trachea_02.flac", "Tc"),
        ("recording.wav", None),
        ("", None),
    ],
)
def test_a_file_name_tells_the_place_or_nothing(name, code):
    assert guess_site(name) == code


def test_what_a_recording_says_of_itself_counts_more_than_its_name():
    assert guess_site("101_1b1_Al_sc_Meditron.wav", "posterior right lower") == "PrL"
    assert guess_site("101_1b1_Al_sc_Meditron.wav", "left foot") is None


def test_rounds_know_their_places_and_go_right_against_left():
    assert {name: len(codes) for name, codes in ROUNDS.items()} == {"icbhi": 7, "6": 6, "12": 12}
    for codes in ROUNDS.values():
        assert set(codes) <= set(SITES)
    for right, left in zip(ROUNDS["12"][::2], ROUNDS["12"][1::2], strict=True):
        assert right.replace("r", "l") == left


def test_an_unknown_code_is_an_error():
    with pytest.raises(ReportError, match="'Xx'"):
        chest_site("Xx")


def test_the_drawing_stays_on_its_sheet_and_is_symmetric_but_for_the_heart():
    for strokes in DRAWING.values():
        points = [point for stroke in strokes for _, at in stroke.steps for point in at]
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points)
        skin = {point for stroke in strokes if stroke.part == "body" for _, at in stroke.steps for point in at}
        assert {(round(1 - x, 6), y) for x, y in skin} == {(round(x, 6), y) for x, y in skin}


def test_strokes_are_svg_paths():
    path = svg_path(DRAWING["front"][0], 10)
    assert path.startswith("M5.72 0.00C")
    closed = [stroke for stroke in DRAWING["back"] if stroke.part == "lung"]
    assert all(svg_path(stroke).endswith("Z") for stroke in closed)
