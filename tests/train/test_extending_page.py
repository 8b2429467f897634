"""The files on the page for those who add something of their own are run as they stand there."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from resp import datasets, mix, models

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
FILES = ("my_mix.py", "my_network.py", "my_dataset.py", "my_training.py")


def page_files() -> dict[str, str]:
    blocks = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return dict(blocks)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The page's files beside sounds of two pitches, and registries that forget what they add."""
    for name, text in page_files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    rng = np.random.default_rng(0)
    for name, pitch_hz in (("high", 2000), ("low", 250)):
        (tmp_path / "sounds" / name).mkdir(parents=True)
        for source in range(6):
            for take in range(2):
                time_s = np.arange(4000) / 8000
                tone = 0.3 * np.sin(2 * np.pi * pitch_hz * time_s + rng.uniform(0, 6))
                path = tmp_path / "sounds" / name / f"{source}_{take}.wav"
                soundfile.write(path, tone + 0.01 * rng.standard_normal(4000), 8000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("RESP_CACHE", str(tmp_path / "cache"))
    for registry in (mix.REGISTRY, models.REGISTRY, datasets.READERS):
        monkeypatch.setattr(registry, "_records", dict(registry._records))
    yield tmp_path
    for name in FILES:
        sys.modules.pop(name.removesuffix(".py"), None)


def test_the_page_has_its_four_files_of_less_than_60_lines_each():
    files = page_files()
    assert tuple(files) == FILES
    assert all(text.count("\n") < 60 for text in files.values())


def test_what_the_page_says_trains(folder, capsys):
    runpy.run_path(str(folder / "my_training.py"))
    accuracy = float(re.search(r"accuracy ([\d.]+)", capsys.readouterr().out)[1])
    # Two pitches three octaves apart: even ten epochs of a tiny network must tell them apart.
    assert accuracy >= 0.9
    assert (folder / "run" / "best" / "model.safetensors").is_file()


def test_a_name_that_is_taken_is_refused(folder):
    from resp.registry import Record

    with pytest.raises(mix.MixError, match="there is a mix 'patch' already"):
        mix.REGISTRY.add(Record("patch", "my_mix:LouderMix", "", ""))
