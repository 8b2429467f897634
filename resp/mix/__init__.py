"""Transforms that mix two labels; one file a mix."""

from typing import Any

from resp.mix.contract import Mix, MixDraw, Origin, mixed_targets
from resp.mix.driver import Plan, forward_mixed, mix_planned, plan_mix
from resp.mix.errors import MixError
from resp.registry import Record, Registry

REGISTRY: Registry[Mix[Any]] = Registry(
    "mix",
    MixError,
    (
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
]
