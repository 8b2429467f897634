"""Going through folders: nearest first, links followed once."""

from resp.datasets.folders import walk


def test_nearest_files_first_and_sorted(tmp_path):
    for name in ("b/z.wav", "a/deep/x.wav", "a/y.wav", "c.wav", "B.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in walk(tmp_path)]
    assert found == ["B.wav", "c.wav", "a/y.wav", "b/z.wav", "a/deep/x.wav"]


def test_links_are_followed_once_and_circles_end(tmp_path):
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.wav").touch()
    (tmp_path / "root" / "linked").symlink_to(tmp_path / "other")
    (tmp_path / "root" / "linked again").symlink_to(tmp_path / "other")
    (tmp_path / "root" / "a" / "up").symlink_to(tmp_path / "root")
    (tmp_path / "root" / "itself").symlink_to(tmp_path / "root" / "itself")
    (tmp_path / "root" / "x.wav").symlink_to(tmp_path / "other" / "x.wav")
    found = [path.relative_to(tmp_path / "root").as_posix() for path in walk(tmp_path / "root")]
    assert found == ["itself", "x.wav", "linked/x.wav"]
