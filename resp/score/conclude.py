"""The end of every judgement, of a recording short or long: what is found becomes a report, or is withheld."""

from collections.abc import Sequence

from resp.models.config import ModelConfig
from resp.score.familiarity import refusal, warnings, withhold, withhold_stretch, withhold_summary
from resp.score.long.sound import Opening
from resp.score.prepare import Prepared
from resp.score.schema import FamiliarityResult, ModelIdentity, Report, Segment, Stretch, Summary

Given = Prepared | Opening


def unusable(given: Given, model: ModelIdentity) -> Report:
    """Return the report of a sound that cannot be judged."""
    return Report(
        status="abstained",
        reason="unusable sound: " + "; ".join(given.quality.reasons),
        recording=given.identity,
        quality=given.quality,
        model=model,
        warnings=given.warnings,
    )


def concluded(
    given: Given,
    model: ModelIdentity,
    config: ModelConfig,
    *,
    summary: Summary,
    reason: str | None,
    segments: Sequence[Segment],
    stretches: Sequence[Stretch] = (),
    known: FamiliarityResult | None = None,
    noticed: Sequence[str] = (),
) -> Report:
    """Return the report of what was judged.

    Parameters
    ----------
    given
        What was heard.
    model, config
        Who judged.
    summary, reason
        Of the whole, and why the model abstains; see `resp.score.summarise.summarise`.
    segments, stretches
        Its parts.
    known
        Whether this is a sound that the model knows: of one that it does not, every label is withheld.
    noticed
        Warnings beside those of ``given``.
    """
    refused = refusal(known) if known else None
    if refused:
        segments, summary, reason = withhold(segments, refused), withhold_summary(summary), refused
        stretches = [withhold_stretch(stretch, refused) for stretch in stretches]
    told = warnings(known, config.trained_devices) if known else ()
    return Report(
        status="abstained" if reason else "scored",
        reason=reason,
        recording=given.identity,
        quality=given.quality,
        segments=tuple(segments),
        stretches=tuple(stretches),
        summary=summary,
        familiarity=known,
        model=model,
        warnings=(*given.warnings, *noticed, *told),
    )
