import errno
import os
import time

import pytest

from resp.score import ModelIdentity, RecordingIdentity, Report
from resp.score.batch import Input, Journal, JournalError
from resp.score.batch import journal as journal_module

MODEL = ModelIdentity(name="m", version="1", sha256="ab", card="A card.")


def inputs(count=5):
    return tuple(Input(f"{number}.wav", 10, str(number)) for number in range(count))


def opened(folder, items=None, model=None, **parameters):
    return Journal(folder, items or inputs(), model or MODEL, parameters)


def report(number, reason="no"):
    return Report.failure(f"{number}.wav", reason)


def filled(folder, *places):
    with opened(folder) as journal:
        for place in places:
            journal.add(place, report(place))


def names(journal):
    return [one.recording.file for one, _ in journal.reports()]


def test_reports_come_in_the_order_of_the_list(tmp_path):
    with opened(tmp_path / "j") as journal:
        assert (journal.told, journal.missing()) == ([], [0, 1, 2, 3, 4])
        for place in (3, 1, 0, 4, 2):
            journal.add(place, report(place, reason="ü\n"))
        assert names(journal) == [f"{number}.wav" for number in range(5)]
        assert {one.reason for one, _ in journal.reports()} == {"ü\n"}


def test_it_goes_on_where_it_was(tmp_path):
    filled(tmp_path / "j", 3, 1)
    with opened(tmp_path / "j") as journal:
        assert journal.missing() == [0, 2, 4]
        assert journal.told == ["2 of 5 recordings are scored already; going on."]
        assert journal.done == 2
        assert journal.missing(retry_failed=True) == [0, 1, 2, 3, 4]
        with pytest.raises(JournalError, match=r"0\.wav: not scored yet"):
            names(journal)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_was_cut_off_counts_for_nothing(tmp_path, cut):
    filled(tmp_path / "j", 0, 1)
    log = tmp_path / "j" / "reports.log"
    whole = log.read_bytes()
    log.write_bytes(whole[:-cut])
    with opened(tmp_path / "j") as journal:
        assert journal.missing() == [1, 2, 3, 4]
        for place in (1, 2, 3, 4):
            journal.add(place, report(place))
        assert len(names(journal)) == 5
    assert log.read_bytes().startswith(whole)


def test_a_damaged_line_counts_for_nothing(tmp_path):
    filled(tmp_path / "j", 0, 1, 2)
    log = tmp_path / "j" / "reports.log"
    lines = log.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b'"no"', b'"on"')
    log.write_bytes(b"\n".join(lines))
    with opened(tmp_path / "j") as journal:
        assert journal.missing() == [1, 3, 4]


def test_what_is_damaged_after_it_was_read_is_told(tmp_path):
    with opened(tmp_path / "j", inputs(1)) as journal:
        journal.add(0, report(0))
        (tmp_path / "j" / "reports.log").write_bytes(b"0" * 400)
        with pytest.raises(JournalError, match="damaged"):
            names(journal)


@pytest.mark.parametrize(
    ("model", "parameters", "why"),
    [
        (MODEL.model_copy(update={"sha256": "cd"}), {}, "model sha256 was 'ab' and is 'cd'"),
        (None, {"engine": "onnx"}, "engine was None and is 'onnx'"),
    ],
)
def test_another_model_or_parameter_starts_anew_and_says_why(tmp_path, model, parameters, why):
    filled(tmp_path / "j", 0, 1)
    with opened(tmp_path / "j", model=model, **parameters) as journal:
        assert len(journal.missing()) == 5
        assert why in journal.told[0]
        assert "anew" in journal.told[0]
    with opened(tmp_path / "j", model=model, **parameters) as journal:
        assert journal.told == []


def test_another_list_keeps_what_has_not_changed(tmp_path):
    filled(tmp_path / "j", 0, 1, 2)
    items = list(inputs())
    items[1] = Input("1.wav", 11, "changed")
    items.insert(0, Input("new.wav"))
    del items[3]
    with opened(tmp_path / "j", items) as journal:
        assert [items[place].name for place in journal.missing()] == ["new.wav", "1.wav", "3.wav", "4.wav"]
        assert "list of recordings has changed" in journal.told[0]


def test_a_report_that_comes_again_replaces_the_first(tmp_path):
    with opened(tmp_path / "j", inputs(1)) as journal:
        journal.add(0, report(0, "first"))
        journal.add(0, report(0, "second"))
    with opened(tmp_path / "j", inputs(1)) as journal:
        assert [one.reason for one, _ in journal.reports()] == ["second"]


def test_one_process_writes_at_a_time(tmp_path):
    with opened(tmp_path / "j"), pytest.raises(JournalError, match="another run"):
        opened(tmp_path / "j")
    opened(tmp_path / "j").close()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(JournalError, match=r"thesis\.doc"):
        opened(tmp_path)
    with pytest.raises(JournalError, match="folder that exists"):
        opened(tmp_path / "gone" / "j")


def test_a_full_disk_leaves_what_was_written(tmp_path, monkeypatch):
    write = os.write
    room = 3 * 560

    def full(handle, data):
        nonlocal room
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(handle, bytes(data)[:room])
        room -= written
        return written

    journal = opened(tmp_path / "j")
    monkeypatch.setattr(journal_module.os, "write", full)
    for place in range(3):
        journal.add(place, report(place))
    with pytest.raises(JournalError, match=r"No space left on device.*run the same command again"):
        journal.add(3, report(3))
    monkeypatch.undo()
    journal.close()
    with opened(tmp_path / "j") as again:
        assert again.done == 3
        for place in again.missing():
            again.add(place, report(place))
        assert len(names(again)) == 5


def test_it_is_gone_when_it_is_no_longer_needed(tmp_path):
    with opened(tmp_path / "j") as journal:
        journal.remove()
    assert not (tmp_path / "j").exists()


def test_names_that_are_no_text(tmp_path):
    with opened(tmp_path / "j", [Input("\udcff.wav")]) as journal:
        journal.add(0, Report.failure("\udcff.wav", "no"))
        assert names(journal) == ["\udcff.wav"]


def test_the_card_is_not_written_with_every_report(tmp_path):
    ours, theirs = (
        Report(status="abstained", recording=RecordingIdentity(file=f"{name}.wav"), model=model)
        for name, model in (("0", MODEL), ("1", MODEL.model_copy(update={"sha256": "cd", "card": "Another."})))
    )
    with opened(tmp_path / "j", inputs(2)) as journal:
        journal.add(0, ours)
        journal.add(1, theirs)
        assert [one for one, _ in journal.reports()] == [ours, theirs]
    log = (tmp_path / "j" / "reports.log").read_text()
    assert ("A card." in log, "Another." in log) == (False, True)


def test_reports_reach_the_disk_within_a_second_or_at_the_end(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def watched(handle):
        synced.append(os.fstat(handle).st_size)
        fsync(handle)

    monkeypatch.setattr(journal_module, "SYNC_S", 0.02)
    log = tmp_path / "j" / "reports.log"
    with opened(tmp_path / "j") as journal:
        monkeypatch.setattr(journal_module.os, "fsync", watched)
        journal.add(0, report(0))
        deadline = time.monotonic() + 5
        while not synced and time.monotonic() < deadline:
            time.sleep(0.005)
        assert synced == [log.stat().st_size]
        monkeypatch.setattr(journal_module, "SYNC_S", 60.0)
        time.sleep(0.05)
        journal.add(1, report(1))
    assert synced[-1] == log.stat().st_size


def test_a_disk_that_fails_late_is_told(tmp_path, monkeypatch):
    journal = opened(tmp_path / "j")

    def broken(handle):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(journal_module.os, "fsync", broken)
    journal.add(0, report(0))
    with pytest.raises(JournalError, match="Input/output error"):
        journal.close()


def test_what_stopped_a_batch_goes_before_what_its_journal_says(tmp_path, monkeypatch):
    def broken(handle):
        raise OSError(errno.EIO, "Input/output error")

    def stopped():
        with opened(tmp_path / "j") as journal:
            monkeypatch.setattr(journal_module.os, "fsync", broken)
            journal.add(0, report(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()


def test_a_journal_that_could_not_begin_is_let_go_of(tmp_path, monkeypatch):
    def broken(folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal_module, "sync_folder", broken)
    with pytest.raises(JournalError, match="No space left"):
        opened(tmp_path / "j")
    monkeypatch.undo()
    opened(tmp_path / "j").close()
