import pyarrow.parquet as pq
import pytest

from resp.report import ReportError, columns, open_writer, parquet_parts, rows
from resp.report.parquet_parts import ParquetParts
from resp.score import Report


def write(path, count, part_rows=4):
    parts = ParquetParts(path, columns(), "recording", part_rows)
    for number in range(count):
        report = Report.failure(f"{number}.wav", "no")
        for row in rows(report):
            parts.add(row, report)
    parts.finish()
    parts.commit()
    return path


def files(path):
    return pq.read_table(path).column("file").to_pylist()


@pytest.mark.parametrize(("before", "count", "parts"), [(None, 4, 0), (None, 9, 3), (9, 4, 0), (4, 9, 3), (9, 8, 2)])
def test_a_large_table_is_a_folder_of_parts(tmp_path, before, count, parts):
    path = tmp_path / "x.parquet"
    if before is not None:
        write(path, before)
    write(path, count)
    assert files(path) == [f"{number}.wav" for number in range(count)]
    assert path.is_dir() == bool(parts)
    if parts:
        assert sorted(part.name for part in path.iterdir()) == [f"part-{number:05}.parquet" for number in range(parts)]
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_there_stays_until_the_new_one_is_complete(tmp_path):
    path = write(tmp_path / "x.parquet", 9)
    parts = ParquetParts(path, columns(), "recording", 4)
    parts.discard()
    assert len(files(path)) == 9
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "1.doc").touch()
    with pytest.raises(ReportError, match="folder of other files"):
        ParquetParts(tmp_path / "thesis", columns(), "recording")
    with pytest.raises(ReportError, match="folder that exists"):
        ParquetParts(tmp_path / "gone" / "x.parquet", columns(), "recording")


def test_writers_make_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_parts, "PART_ROWS", 2)
    with open_writer(tmp_path / "x.parquet", "parquet") as writer:
        for number in range(5):
            writer.add(Report.failure(f"{number}.wav", "no"))
    assert len(list((tmp_path / "x.parquet").iterdir())) == 3
    assert len(files(tmp_path / "x.parquet")) == 5
