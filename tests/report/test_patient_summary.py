from dataclasses import replace
from datetime import timedelta

import numpy as np

from heard_recordings import EARLIER, GOOD, NOON, TODAY, corrected, heard, report
from resp.audio import Recording, measure_quality
from resp.report.heard import HeardRecording, Remark, together
from resp.report.patient_summary import summarise_patient
from resp.score.schema import ModelIdentity, Report

UNUSABLE = report(whole=None, segments=(), summary=None, quality=measure_quality(Recording(np.zeros(9999), 4000)))


def test_a_recording_is_what_is_heard_in_its_cycles():
    assert together(["normal", "normal"]) == "normal"
    assert together(["normal", "crackle"]) == "crackle"
    assert together(["wheeze", "normal", "crackle"]) == "both"
    assert together(["normal", None]) is None
    assert together([None, "wheeze"]) == "wheeze"
    assert together(["normal", "rub"]) == "rub"
    assert together([]) is None


def test_states_tell_why_there_is_no_finding():
    failed = Report.failure("x.wav", "broken")
    states = [
        heard("crackle").state,
        heard("normal").state,
        heard(None).state,
        heard(report=UNUSABLE).state,
        heard(report=failed).state,
        heard().state,
    ]
    assert states == ["found", "normal", "abstained", "unusable", "failed", "waiting"]


def test_a_correction_stands_and_what_the_model_said_is_kept():
    one = corrected(heard("normal", "normal"), "normal", "wheeze")
    assert (one.label, one.model_label, one.state) == ("wheeze", "normal", "found")
    assert [cycle.corrected for cycle in one.cycles] == [False, True]
    assert one.cycles[1].segment.label == "normal"
    assert corrected(heard(None), "normal").state == "normal"


def test_a_drawn_cycle_has_nothing_of_the_model():
    one = corrected(heard("normal"), "normal")
    drawn = replace(one, correction=replace(one.correction, cycles=((0.2, 1.1, "crackle"),)))
    (cycle,) = drawn.cycles
    assert cycle.corrected
    assert cycle.segment is None
    assert cycle.p_abnormal is None


def test_places_go_from_the_trachea_to_the_back_and_the_unknown_last():
    summary = summarise_patient(heard("normal", site=site) for site in (None, "PlL", "Tc", "nowhere", "ArU"))
    assert [one.site for one in summary.visit.sites] == ["Tc", "ArU", "PlL", None]
    assert len(summary.visit.of(None).recordings) == 2


def test_of_several_recordings_one_that_was_judged_tells():
    unsure, judged = heard(None), heard("normal", heard_at=NOON - timedelta(hours=1))
    (place,) = summarise_patient([unsure, judged]).visit.sites
    assert place.telling is judged
    assert place.not_judged == 1


def test_of_several_findings_the_most_probable_tells():
    faint, sure = (heard(report=report("crackle", share=share)) for share in (0.5, 0.9))
    (place,) = summarise_patient([sure, faint, heard("normal")]).visit.sites
    assert place.telling is sure
    assert place.not_judged == 0


def test_the_newest_visit_is_summed_up_beside_the_one_before():
    days = [TODAY, EARLIER, EARLIER - timedelta(days=9)]
    summary = summarise_patient([heard("normal", day=day) for day in days])
    assert (summary.visit.day, summary.before.day) == (TODAY, EARLIER)
    older = summarise_patient([heard("normal", day=day) for day in days], day=EARLIER)
    assert older.before.day == days[2]
    assert summarise_patient([heard("normal")]).before is None


def test_changes_are_told_only_where_both_visits_can_be_compared():
    pairs = {
        "ArU": ("normal", "wheeze", "new"),
        "AlU": ("wheeze", "normal", "gone"),
        "PrU": ("wheeze", "wheeze", "same"),
        "PlU": ("wheeze", "crackle", "changed"),
        "PrL": (None, "crackle", "unsure"),
        "PlL": ("normal", None, "unsure"),
    }
    then = [heard(before, site=site, day=EARLIER) for site, (before, _, _) in pairs.items()]
    now = [heard(after, site=site) for site, (_, after, _) in pairs.items()]
    summary = summarise_patient([*then, *now, heard("wheeze", site="Tc")])
    assert summary.changes == {site: change for site, (_, _, change) in pairs.items()} | {}
    assert "Tc" not in summary.changes


def test_another_model_at_the_last_visit_is_known():
    other = ModelIdentity(name="other", version="2", sha256="ab" * 32, card="")
    then = heard(day=EARLIER, report=report("normal").model_copy(update={"model": other}))
    assert summarise_patient([then, heard("normal")]).earlier_model_differs
    assert not summarise_patient([heard("normal", day=EARLIER), heard("normal")]).earlier_model_differs


def test_the_telling_cycle_is_the_most_probable_finding():
    quiet, loud = heard(report=report("wheeze", share=0.5)), heard(report=report("normal", "crackle", whole="crackle"))
    telling = summarise_patient([quiet, loud]).telling
    assert telling.recording is loud
    assert telling.cycle.label == "crackle"
    assert telling.found


def test_a_persons_finding_tells_more_than_the_models():
    said = corrected(heard("normal", "normal", site="Tc"), "normal", "crackle")
    telling = summarise_patient([heard(report=report("wheeze", share=0.95)), said]).telling
    assert telling.recording is said
    assert telling.cycle.corrected


def test_without_a_finding_the_cycle_that_came_nearest_is_shown():
    sure, unsure = heard(report=report("normal", share=0.9)), heard(report=report("normal", share=0.45))
    telling = summarise_patient([sure, unsure]).telling
    assert telling.recording is unsure
    assert not telling.found
    # A whole recording may have a finding of which no single cycle is sure.
    assert not summarise_patient([heard(report=report(None, None, whole="crackle"))]).telling.found
    assert summarise_patient([heard(), heard(report=Report.failure("x", "y"))]).telling is None


def test_a_visit_is_signed_when_every_recording_is():
    signature = Remark("Dr. Who", NOON)
    one, two = heard("normal", signature=signature), heard("normal", site="Tc")
    assert summarise_patient([one]).signed
    assert not summarise_patient([one, two]).signed
    assert not summarise_patient([]).signed


def test_nothing_is_summed_up_of_nothing():
    summary = summarise_patient([], patient_key="4711")
    assert summary.visit is None
    assert summary.telling is None
    assert summary.changes == {}
    assert isinstance(heard("normal"), HeardRecording)
    assert GOOD.verdict == "good"
