import csv
import gc
import io
import json
import os
import stat

import pyarrow.parquet as pq
import pytest

from resp.report import FORMATS, ReportError, columns, format_of, open_writer, rows
from resp.report.parquet_format import GROUP_ROWS, ParquetFormat
from resp.score import ModelIdentity, RecordingIdentity, Report, Segment, Summary
from resp.score.schema import FamiliarityResult

REQUIRED = [
    "file",
    "status",
    "reason",
    "label",
    "p_normal",
    "p_crackle",
    "p_wheeze",
    "p_both",
    "duration_s",
    "model",
    "model_sha256",
]
PROBABILITIES = {"normal": 0.125, "crackle": 0.5, "wheeze": 0.25, "both": 0.125}


def segment(start_s, label):
    return Segment(
        kind="window",
        start_s=start_s,
        end_s=start_s + 2,
        probabilities=PROBABILITIES,
        label=label,
        prediction_set=("crackle", "wheeze"),
        abstained=None if label else "too unsure",
    )


def scored(file="a.wav", probabilities=PROBABILITIES):
    return Report(
        status="scored",
        recording=RecordingIdentity(file=file, duration_s=4.1, sha256="ab", body_site="Al"),
        segments=(segment(0.0, "crackle"), segment(2.1, None)),
        summary=Summary(
            label="crackle",
            probabilities=probabilities,
            p_abnormal=0.875,
            prediction_set=("crackle", "wheeze"),
            segment_counts={"crackle": 1, "abstained": 1},
            breaths_per_min=17.5,
            breaths_interval=(16.0, 19.5),
        ),
        model=ModelIdentity(name="tiny", version="1", sha256="cd", card="card"),
        warnings=("one", "two"),
    )


def failed(file="b.wav"):
    return Report.failure(file, "b.wav: not sound, or\nnot any more")


def written(form, reports, path=None, **settings):
    if path is None:
        stream = io.BytesIO()
        with open_writer(stream, form, **settings) as writer:
            for report in reports:
                writer.add(report)
        return stream.getvalue()
    with open_writer(path, form, **settings) as writer:
        for report in reports:
            writer.add(report)
    return path.read_bytes()


@pytest.mark.parametrize("level", ["recording", "segment"])
def test_required_columns_are_there(level):
    names = [column.name for column in columns(level)]
    assert set(REQUIRED) <= set(names)
    assert len(names) == len(set(names))
    assert ({"start_s", "end_s"} <= set(names)) == (level == "segment")
    for report in (scored(), failed()):
        for row in rows(report, level):
            assert list(row) == names


def test_rows_of_recordings():
    (row,) = rows(scored())
    assert row["label"] == "crackle"
    assert (row["p_normal"], row["p_both"], row["p_abnormal"]) == (0.125, 0.125, 0.875)
    assert (row["model"], row["model_sha256"]) == ("tiny", "cd")
    assert (row["breaths_per_min"], row["breaths_low"], row["breaths_high"]) == (17.5, 16.0, 19.5)
    assert (row["segments"], row["warnings"]) == (2, "one; two")
    (row,) = rows(failed())
    assert row["status"] == "failed"
    assert row["reason"].startswith("b.wav: not sound")
    assert row["p_normal"] is None


def test_rows_of_segments():
    first, second = rows(scored(), "segment")
    assert (first["start_s"], first["end_s"], first["label"], first["status"]) == (
        0.0,
        2.0,
        "crackle",
        "scored",
    )
    assert (second["segment"], second["status"], second["reason"]) == (2, "abstained", "too unsure")
    assert second["p_wheeze"] == 0.25
    (row,) = rows(failed(), "segment")
    assert (row["status"], row["start_s"]) == ("failed", None)


def test_other_classes_add_columns():
    report = scored(probabilities={"normal": 0.4, "stridor": 0.6})
    names = [column.name for column in columns("recording", ("normal", "stridor"))]
    assert "p_stridor" in names
    (row,) = rows(report, "recording", ("normal", "stridor"))
    assert row["p_stridor"] == 0.6
    assert row["p_crackle"] is None


def test_a_class_called_abnormal_has_one_column():
    classes = ("normal", "abnormal")
    names = [column.name for column in columns("recording", classes)]
    assert names.count("p_abnormal") == 1
    report = scored(probabilities={"normal": 0.125, "abnormal": 0.875})
    (row,) = rows(report, "recording", classes)
    assert row["p_abnormal"] == 0.875
    (line,) = csv.DictReader(io.StringIO(written("csv", [report], classes=classes).decode()))
    assert float(line["p_abnormal"]) == 0.875


def test_csv_reads_back():
    table = list(csv.DictReader(io.StringIO(written("csv", [scored(), failed()]).decode(), newline="")))
    assert [line["file"] for line in table] == ["a.wav", "b.wav"]
    assert float(table[0]["p_crackle"]) == 0.5
    assert table[1]["reason"] == "b.wav: not sound, or\nnot any more"
    assert table[1]["p_crackle"] == ""


def test_csv_holds_no_formula():
    (line,) = csv.DictReader(io.StringIO(written("csv", [scored("=HYPERLINK(1).wav")]).decode()))
    assert line["file"] == "'=HYPERLINK(1).wav"


def test_json_reads_back_with_the_whole_report():
    listed = json.loads(written("json", [scored(), failed()]))
    lines = [json.loads(line) for line in written("jsonl", [scored(), failed()]).splitlines()]
    assert listed == lines
    assert listed[0]["p_crackle"] == 0.5
    assert Report.model_validate(listed[0]["report"]) == scored()
    assert listed[1]["p_crackle"] is None
    assert json.loads(written("json", [])) == []
    segments = json.loads(written("json", [scored(), failed()], level="segment"))
    assert [row["file"] for row in segments] == ["a.wav", "a.wav", "b.wav"]
    assert "report" not in segments[0]


def test_parquet_has_types_even_without_values(tmp_path):
    written("parquet", [failed()], tmp_path / "x.parquet", level="segment")
    table = pq.read_table(tmp_path / "x.parquet")
    assert str(table.schema.field("p_normal").type) == "double"
    assert str(table.schema.field("segment").type) == "int64"
    assert str(table.schema.field("label").type) == "string"
    written("parquet", [scored(), failed()], tmp_path / "x.parquet")
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [*rows(scored()), *rows(failed())]


def test_parquet_in_several_groups(tmp_path):
    written("parquet", [scored()] * (GROUP_ROWS + 1), tmp_path / "x.parquet")
    file = pq.ParquetFile(tmp_path / "x.parquet")
    assert (file.metadata.num_rows, file.num_row_groups) == (GROUP_ROWS + 1, 2)
    assert ParquetFormat.__doc__


def test_table_is_for_people():
    text = written("table", [scored("x" * 80 + "end.wav"), failed("bad\x1b[2J.wav")]).decode()
    head, first, second, _, foot = text.splitlines()
    assert head.split()[:4] == ["file", "status", "label", "p_normal"]
    assert "end.wav" in first
    assert "0.50" in first
    assert "\x1b" not in second
    assert "not sound, or?not any more" in second
    assert foot.startswith("1 scored, 0 abstained, 1 failed by tiny 1 (cd). Decision support")


def test_a_refused_recording_is_told_in_the_table_and_others_are_not_widened():
    refused = scored("dog.wav").model_copy(
        update={
            "status": "abstained",
            "reason": "sounds like an animal",
            "familiarity": FamiliarityResult(verdict="not_lung", distance=5.0, limit=2.0, far_limit=4.0, kind="animal"),
        }
    )
    head, line, *_ = written("table", [refused]).decode().splitlines()
    assert head.split()[-2:] == ["duration_s", "reason"]
    assert "familiarity" in head
    assert "not_lung" in line
    assert line.endswith("sounds like an animal")
    assert "familiarity" not in written("table", [scored()]).decode()
    # Of a dog it is no comfort that it is probably no wheeze.
    assert "p_normal" not in head
    _, line, other, *_ = written("table", [refused, scored()]).decode().splitlines()
    probability = f"{PROBABILITIES['crackle']:.2f}"
    assert probability in other
    assert probability not in line
    assert str(PROBABILITIES["crackle"]) in written("csv", [refused]).decode()


def test_table_of_segments_counts_recordings():
    text = written("table", [scored(), scored()], level="segment").decode()
    assert "2 scored, 0 abstained, 0 failed" in text
    assert text.count("a.wav") == 4


@pytest.mark.parametrize("form", FORMATS)
def test_a_name_that_is_no_text_can_be_written(form, tmp_path):
    assert written(form, [failed("a\udcff.wav")], tmp_path / "out")


@pytest.mark.parametrize("form", FORMATS)
def test_no_reports_is_an_empty_table(form, tmp_path):
    written(form, [], tmp_path / "out")
    assert (tmp_path / "out").exists()


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("form", FORMATS)
def test_an_error_leaves_the_old_file_alone(tmp_path, form):
    out = tmp_path / "x.out"
    out.write_text("old")
    writer = open_writer(out, form)
    writer.add(scored())
    with pytest.raises(KeyError), writer:
        raise KeyError
    del writer
    gc.collect()
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_what_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.csv").write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to("real/x.csv")
    written("csv", [scored()], link)
    assert link.is_symlink()
    assert (tmp_path / "real" / "x.csv").read_text().startswith("file,")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_pipe_is_no_place_for_a_table(tmp_path, form):
    pipe = tmp_path / f"x.{form}"
    os.mkfifo(pipe)
    with pytest.raises(ReportError, match="a device or a pipe"):
        written(form, [scored()], pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_error_at_the_end_leaves_nothing(tmp_path, monkeypatch):
    def broken(self):
        raise OSError("disk full")

    monkeypatch.setattr("resp.report.csv_format.CsvFormat.finish", broken)
    with pytest.raises(OSError, match="disk full"), open_writer(tmp_path / "x.csv", "csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_file_appears_complete_with_ordinary_rights(tmp_path):
    out = tmp_path / "x.jsonl"
    with open_writer(out, "jsonl") as writer:
        writer.add(scored())
        assert not out.exists()
    (tmp_path / "plain").touch()
    assert out.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.CSV", "csv"), ("a.ndjson", "jsonl"), ("a.parquet", "parquet"), ("a.txt", "table")],
)
def test_format_from_the_name(tmp_path, name, expected):
    assert format_of(tmp_path / name) == expected


def test_refusals(tmp_path):
    with pytest.raises(ReportError, match=r"suffix '\.xls'"):
        format_of(tmp_path / "a.xls")
    with pytest.raises(ReportError, match="no format 'xls'"):
        open_writer(io.BytesIO(), "xls")
    with pytest.raises(ReportError, match="a folder"):
        open_writer(tmp_path, "csv")
    with pytest.raises(ReportError, match="cannot be written"):
        open_writer(tmp_path / "gone" / "x.csv", "csv")
