"""About the model, two compared, and administration."""

import io
import zipfile

import pytest

pytest.importorskip("streamlit")

from resp.models import folder
from resp.models.folder import SHIPPED, model_checksum, read_config, write_config
from resp.models.results import split_results
from resp.records import CorrectedCycle


@pytest.fixture
def other_model(clinic, tmp_path, monkeypatch):
    """Another model beside the one that ships: its copy under another name."""
    import shutil

    place = tmp_path / "hay"
    shutil.copytree(SHIPPED / "lungs", place)
    write_config(place, read_config(place).model_copy(update={"name": "hay", "version": "7"}))
    monkeypatch.setenv("RESP_MODEL", str(place))
    return place


def checksum_of(model):
    return model_checksum(folder.find_model(model))


def test_where_it_fails_comes_first(clinic, words_of):
    page = clinic.page("model")
    assert [tab.label for tab in page.tabs] == ["Where it fails", "How well it did", "What it learned from"]
    told = words_of(page)
    assert checksum_of(None) in told
    assert "any other is a new situation" in page.tabs[0].markdown[0].value
    first, *others = split_results(read_config(SHIPPED / "lungs").results)[0].values()
    assert page.tabs[1].markdown[0].value == first.summed_up().to_markdown(level=4)
    assert f"| {first.headline} |" in page.tabs[1].markdown[0].value
    assert f"{first.title}, beside other methods" in told
    assert all(table.title in told for table in others)
    assert "Litt3200" in page.tabs[2].markdown[0].value
    assert "license: apache" not in told, "the card's header is no text"


def test_one_model_is_no_choice(clinic, words_of):
    page = clinic.page("model")
    assert [box.label for box in page.selectbox] == ["Language"]
    assert "comparing needs two" in words_of(page)


def test_the_clinics_own_model_comes_first_and_another_can_be_chosen(clinic, other_model, encoded, words_of):
    page = clinic.page("model")
    choice = page.selectbox(key="about")
    assert choice.options == ["hay", "lungs"]
    assert "**hay**, version 7" in words_of(page)
    choice.set_value("lungs").run()
    next(one for one in page.button if one.label == "Judge what I add by this model").click().run()
    assert any("is judged by this model" in one.value for one in page.success)
    (job_model,) = _added_with(page, clinic, encoded)
    assert job_model == "lungs"


def _added_with(page, clinic, encoded):
    from streamlit.navigation.page import calc_hash

    page._page_hash = calc_hash("add")
    page.run()
    page.file_uploader[0].set_value([("one.wav", encoded(), "audio/wav")]).run()
    assert not page.exception
    return clinic.desk.recording(1).pending


def test_a_model_that_cannot_be_read(clinic, tmp_path, monkeypatch, words_of):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    monkeypatch.setenv("RESP_MODEL", str(tmp_path / "broken"))
    assert "The model could not be read." in words_of(clinic.page("model"))


def test_two_models_side_by_side(clinic, other_model, encoded, words_of):
    from resp.score.schema import ModelIdentity

    (row,) = clinic.add(("one.wav", encoded()), judged=False)
    for model, name in ((str(other_model), "hay"), ("lungs", "lungs")):
        clinic.scorer.identity = ModelIdentity(name=name, version="1", sha256=checksum_of(model), card="")
        if name == "lungs":
            clinic.desk.rescore(row.id, "lungs")
        clinic.judge()
    told = words_of(clinic.page("model", recording=row.id))
    assert told.count('class="resp-verdict"') == 2
    assert "Same finding?" in told
    assert ">yes<" in told


def test_a_model_that_has_not_heard_it_is_asked(clinic, other_model, encoded, words_of):
    (row,) = clinic.add(("one.wav", encoded()))
    page = clinic.page("model", recording=row.id)
    next(one for one in page.button if one.label.startswith("Have it judged by")).click().run()
    assert not page.exception
    assert set(clinic.desk.recording(row.id).pending) == {str(other_model), "lungs"}
    assert any("appears here by itself" in one.value for one in page.info)


def test_the_audit_trail_says_who_saw_and_changed_what(clinic, encoded, markup_of):
    clinic.desk.add_patient("Secret-1")
    clinic.add(("one.wav", encoded()))
    page = clinic.page("administration")
    markup = markup_of(page)
    assert "patient added" in markup
    assert "recording 1" in markup
    assert "Secret-1" not in markup
    assert "database" in markup, "the settings"


def test_the_training_set_is_one_archive(clinic, encoded):
    (row,) = clinic.add(("one.wav", encoded()), patient_id=clinic.desk.add_patient("P-1").id, site="PlL")
    cycles = [CorrectedCycle(0.0, 2.0, "wheeze"), CorrectedCycle(2.0, 4.0, "normal")]
    clinic.desk.correct(row.id, cycles, report_id=clinic.desk.recording(row.id).report.id)
    page = clinic.page("administration")
    next(one for one in page.button if one.label == "Make the training set").click().run()
    assert not page.exception
    assert [one.value for one in page.error] == []
    assert "1 recordings" in page.success[0].value
    assert page.get("download_button")


def test_zipped_keeps_folders(tmp_path):
    from resp_page.pages.admin import _zipped

    (tmp_path / "icbhi" / "audio").mkdir(parents=True)
    (tmp_path / "icbhi" / "audio" / "one.wav").write_bytes(b"1")
    with zipfile.ZipFile(io.BytesIO(_zipped(tmp_path))) as archive:
        assert archive.namelist() == ["icbhi/audio/one.wav"]
