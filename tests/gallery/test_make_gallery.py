from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

import resp.augment
import resp.mix
from resp.augment import AugmentError
from resp.gallery import Exhibit, Gallery, GalleryError, Scene, make, make_gallery
from resp.gallery.augmentations import show_augmentation
from resp.gallery.exhibit import Heard, Seen, settings_of
from resp.gallery.mixes import show_mix
from resp.gallery.pictures import draw
from resp.mix.one_of import EAT_MIXES


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.rows: list[str] = []
        self.players = 0
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.links += [value for name, value in attrs if name in ("src", "href") and value]
        self.players += tag == "audio"
        if tag == "tr" and known.get("id"):
            self.rows.append(str(known["id"]))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _shown(name: str) -> make.Job:
    return next(job for job in make.registered() if job[0].name == name)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [_shown("gain"), _shown("timemix")]
    monkeypatch.setattr(make, "registered", lambda: iter(jobs))


def test_everything_that_is_registered_is_there(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[tuple[type, int], bytes] = {}

    def draw_once_a_kind(panels: Sequence[Heard] | Sequence[Seen], rate_hz: int) -> bytes:
        kind = (type(panels[0]), len(panels))
        if kind not in drawn:
            drawn[kind] = draw(panels, rate_hz)
        return drawn[kind]

    monkeypatch.setattr(make, "draw", draw_once_a_kind)
    told: list[tuple[int, int]] = []
    gallery = make_gallery(clip, tmp_path / "out", progress=lambda done, total: told.append((done, total)))
    names = [record.name for record in resp.augment.REGISTRY] + [record.name for record in resp.mix.REGISTRY]
    assert sorted(one.name for one in (*gallery.shown, *gallery.missing)) == sorted(names)
    assert [one.name for one in gallery.missing] == []
    assert told == [(done, len(names)) for done in range(1, len(names) + 1)]

    text = gallery.page.read_text(encoding="utf-8")
    page = _Page(text)
    assert gallery.page == tmp_path / "out" / "index.html"
    assert len(drawn) == 4  # Two and three waveforms, two and three spectrograms.
    assert sorted(page.rows) == sorted(one.key for one in gallery.shown)
    assert "http" not in text
    for link in page.links:
        assert link.removeprefix("#") in page.rows if link.startswith("#") else (gallery.page.parent / link).is_file()
    written = {str(path.relative_to(gallery.page.parent)) for path in gallery.page.parent.rglob("*.*")}
    assert written == {"index.html", *(link for link in page.links if not link.startswith("#"))}
    # The name of the clip is text, not markup.
    assert "a <clip> & more.wav" in "".join(page.text)
    for record in (*resp.augment.REGISTRY, *resp.mix.REGISTRY):
        assert record.description in "".join(page.text)
        assert record.source in "".join(page.text)
    for sound in (gallery.page.parent / "sounds").iterdir():
        samples, rate_hz = soundfile.read(sound, dtype="int16")
        assert rate_hz == 8000
        assert len(samples) > 0
        # Nothing is cut off: two neighbours at full scale would be a flat top.
        full = np.abs(samples.astype(int)) >= 32767
        assert not (full[1:] & full[:-1]).any()


def test_a_mix_is_shown_beside_both_sounds_it_is_made_of(scene: Scene) -> None:
    record = resp.mix.REGISTRY.record("timemix")
    made = show_mix(record, Exhibit("mix", "timemix", "", ""), scene)
    clip, other, mixed = made.panels
    assert isinstance(mixed, Heard)
    assert isinstance(clip, Heard)
    assert isinstance(other, Heard)
    assert np.array_equal(clip.waveform, scene.clip)
    assert np.array_equal(other.waveform, scene.other)
    from_clip = mixed.waveform == scene.clip
    assert 0.4 < from_clip.mean() < 0.8
    assert np.array_equal(mixed.waveform[~from_clip], scene.other[~from_clip])
    assert f"label: {from_clip.mean():.2f} clip" in made.note


@pytest.mark.parametrize("name", ["patch", "tpatch"])
def test_mixes_of_patches_are_shown_on_a_grid(name: str, scene: Scene) -> None:
    record = resp.mix.REGISTRY.record(name)
    made = show_mix(record, Exhibit("mix", name, "", ""), scene)
    clip, other, mixed = made.panels
    assert isinstance(clip, Seen)
    assert isinstance(other, Seen)
    assert isinstance(mixed, Seen)
    assert mixed.grid == (4, 8)
    assert mixed.log_mel.shape == clip.log_mel.shape == other.log_mel.shape
    width, height = mixed.log_mel.shape[0] // 8, mixed.log_mel.shape[1] // 4
    theirs = 0
    for row in range(4):
        for column in range(8):
            place = np.s_[column * width : (column + 1) * width, row * height : (row + 1) * height]
            is_theirs = np.array_equal(mixed.log_mel[place], other.log_mel[place])
            assert is_theirs or np.array_equal(mixed.log_mel[place], clip.log_mel[place])
            theirs += is_theirs
    assert f"{theirs / 32:.2f} other" in made.note


def test_a_mix_of_mixes_says_which_was_drawn(scene: Scene) -> None:
    record = resp.mix.REGISTRY.record("one_of")
    made = show_mix(record, Exhibit("mix", "one_of", "", ""), scene)
    drawn = {type(resp.mix.create(name)).__name__ for name in EAT_MIXES}
    assert any(made.note.startswith(f"{name} was drawn") for name in drawn)
    assert made.settings["mixes"] == EAT_MIXES


def test_augmentations_of_a_spectrogram_have_no_sound(scene: Scene) -> None:
    record = resp.augment.find("spec_augment")
    made = show_augmentation(record, Exhibit(record.acts_on, record.name, "", ""), scene)
    before, after = made.panels
    assert isinstance(before, Seen)
    assert isinstance(after, Seen)
    assert 0 < (before.log_mel != after.log_mel).mean() < 1


def test_settings_are_those_that_a_recipe_can_give() -> None:
    gain = settings_of(resp.augment.find("gain"))
    assert "probability" not in gain
    assert gain["gain_db"] == (-12.0, 12.0)
    assert "rate_hz" not in settings_of(resp.augment.find("tilt"))
    assert settings_of(resp.mix.REGISTRY.record("tpatch")) == {"alpha": 1.0, "columns": True}
    assert settings_of(resp.mix.REGISTRY.record("timemix")) == {}


def test_one_seed_gives_one_gallery(clip: Path, tmp_path: Path, two: None) -> None:
    def files(gallery: Gallery) -> dict[str, bytes]:
        folder = gallery.page.parent
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}

    first, same, other = (files(make_gallery(clip, tmp_path / str(k), seed=seed)) for k, seed in enumerate((1, 1, 2)))
    assert first == same
    assert first["sounds/clip.wav"] == other["sounds/clip.wav"]
    assert first["sounds/mix_timemix.wav"] != other["sounds/mix_timemix.wav"]
    assert len(first) == 1 + 2 + 2 + 2


def test_what_fails_is_listed_and_costs_nothing_else(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = [
        AugmentError("too short <for this>"),
        ModuleNotFoundError("No module named 'stretcher'"),
        OSError("libstretch.so: cannot open"),
        ValueError("a fault of its own"),
    ]

    def failing(problem: Exception) -> make.Job:
        def show(exhibit: Exhibit, scene: Scene) -> Exhibit:
            raise problem

        return Exhibit("waveform", f"broken_{type(problem).__name__}", "does not work", "nowhere"), show

    jobs = [_shown("gain"), *map(failing, problems), _shown("timemix")]
    monkeypatch.setattr(make, "registered", lambda: iter(jobs))
    gallery = make_gallery(clip, tmp_path / "out")
    assert [one.name for one in gallery.shown] == ["gain", "timemix"]
    assert [one.problem for one in gallery.missing] == [
        "too short <for this>",
        "No module named 'stretcher'",
        "OSError: libstretch.so: cannot open",
        "ValueError: a fault of its own",
    ]
    page = _Page(gallery.page.read_text(encoding="utf-8"))
    for one in gallery.missing:
        assert one.problem in "".join(page.text)
        assert one.key in page.rows


def test_a_sound_beyond_full_scale_is_scaled_and_says_so(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loud(exhibit: Exhibit, scene: Scene) -> Exhibit:
        waveform = np.linspace(-4, 2, 100, dtype=np.float32)
        return replace(exhibit, panels=(Heard("clip", scene.clip), Heard("loud", waveform)))

    monkeypatch.setattr(make, "registered", lambda: iter([(Exhibit("waveform", "loud", "", ""), loud)]))
    gallery = make_gallery(clip, tmp_path / "out")
    samples, _ = soundfile.read(tmp_path / "out" / "sounds" / "waveform_loud.wav", dtype="int16")
    assert (int(samples.min()), int(samples.max())) == (-32767, pytest.approx(16384, abs=1))
    assert len(np.unique(samples)) == 100
    assert "-12.0 dB, scaled" in gallery.page.read_text()


def test_a_sound_of_full_scale_is_left_as_it_is(scene: Scene) -> None:
    for peak, scaled_db in ((1.0, 0.0), (0.2, 0.0), (2.0, pytest.approx(-6.02, abs=0.01))):
        waveform = np.array([0.1, -0.05, peak, -peak], dtype=np.float32)
        assert make._encoded("sound", "sound", waveform, scene)[0].scaled_db == scaled_db


def test_a_second_gallery_replaces_the_first_and_leaves_other_files(clip: Path, tmp_path: Path, two: None) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    make_gallery(clip, out, seed=1)
    again = make_gallery(clip, out, seed=2)
    assert "Seed 2" in again.page.read_text()
    assert (out / "notes.txt").read_text() == "mine"


def test_nothing_is_written_where_it_cannot_be(clip: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    for out in (taken, taken / "below"):
        with pytest.raises(GalleryError, match="taken"):
            make_gallery(clip, out)
    assert taken.read_text() == "mine"


def test_every_row_of_a_table_has_all_of_its_cells(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [_shown("timemix"), _shown("patch")]
    monkeypatch.setattr(make, "registered", lambda: iter(jobs))
    page = make_gallery(clip, tmp_path / "out").page.read_text()
    # Patches have no sound, but stand in the table of those that have.
    assert [row.count("<td") for row in page.split("<tr id=")[1:]] == [3, 3]
