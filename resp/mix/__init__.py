"""Transforms that mix two labels; one file a mix."""

from typing import Any

from resp.mix.contract import Mix, MixDraw, Origin, mixed_targets, union_targets
from resp.mix.driver import Plan, forward_mixed, mix_planned, plan_mix
from resp.mix.errors import MixError
from resp.registry import Record, Registry

REGISTRY: Registry[Mix[Any]] = Registry(
    "mix",
    MixError,
    (
        Record(
            "mixup",
            "resp.mix.mixup:Mixup",
            "convex sum of two samples at any site",
            "Zhang et al., ICLR 2018 (mixup)",
        ),
        Record(
            "eat_mixup",
            "resp.mix.eat_mixup:EatMixup",
            "sum of two samples, weighted by the mean power of their sounds",
            "Gazneli et al., 2022 (EAT)",
        ),
        Record(
            "bc",
            "resp.mix.between_class:BetweenClass",
            "sum of two sounds of different classes, heard in the ratio of their labels",
            "Tokozume et al., ICLR 2018 (BC learning)",
        ),
        Record(
            "speechmix",
            "resp.mix.speechmix:SpeechMix",
            "BC learning's sum at a hidden stage",
            "Jindal et al., Interspeech 2020 (SpeechMix)",
        ),
        Record(
            "intermix",
            "resp.mix.intermix:InterMix",
            "sounds turned in phase, which then interfere at a hidden stage",
            "Sawhney & Neerkaje, ICASSP 2022 (InterMix)",
        ),
        Record(
            "patch",
            "resp.mix.patch_mix:PatchMix",
            "swaps a random set of spectrogram patches with a partner's",
            "Bae et al., Interspeech 2023 (Patch-Mix)",
        ),
        Record(
            "tpatch",
            "resp.mix.patch_mix:PatchMix",
            "swaps whole time columns of the patch grid with a partner's",
            "Bae et al., Interspeech 2023 (time-domain Patch-Mix)",
            {"columns": True},
        ),
        Record(
            "timemix",
            "resp.mix.time_mix:TimeMix",
            "takes the first or the last part of each sound from a partner",
            "Gazneli et al., 2022 (EAT)",
        ),
        Record(
            "freqmix",
            "resp.mix.freq_mix:FreqMix",
            "takes the low or the high frequencies of each sound from a partner",
            "Gazneli et al., 2022 (EAT, algorithm 1)",
        ),
        Record(
            "phasemix",
            "resp.mix.phase_mix:PhaseMix",
            "keeps each sound's spectral magnitudes and mixes its phases with a partner's",
            "Gazneli et al., 2022 (EAT, algorithm 2)",
        ),
        Record(
            "one_of",
            "resp.mix.one_of:OneOf",
            "one of several mixes, drawn for each batch; by default EAT's four",
            "Gazneli et al., 2022 (EAT)",
        ),
    ),
)


def create(name: str, **settings: Any) -> Mix[Any]:
    """Make the mix called ``name``; `MixError` where there is none or a setting is wrong."""
    return REGISTRY.create(name, **settings)


__all__ = [
    "Mix",
    "MixDraw",
    "MixError",
    "Origin",
    "Plan",
    "REGISTRY",
    "create",
    "forward_mixed",
    "mix_planned",
    "mixed_targets",
    "plan_mix",
    "union_targets",
]
