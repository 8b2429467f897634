"""The plans that resp knows."""

from difflib import get_close_matches
from itertools import product

from resp.datasets.icbhi import CYCLES
from resp.evaluate import Protocol
from resp.train.errors import TrainError
from resp.train.reproduction.plan import Plan, PlanRow, Published

_SOURCE = "Bae et al., Interspeech 2023 (doi 10.21437/Interspeech.2023-1426)"
_METHODS = (
    ("ce", "AST, cross-entropy", "icbhi/ast_ce", Published(77.14, 41.97, 59.55, _SOURCE)),
    # The paper says that it did not improve on fine-tuning; its number is not at hand.
    ("patchmix_ce", "AST, Patch-Mix CE", "icbhi/ast_patchmix_ce", None),
    (
        "patchmix_cl",
        "AST, Patch-Mix CL",
        "icbhi/ast_patchmix_cl",
        Published(81.66, 43.07, 62.37, _SOURCE, two_class=(81.66, 55.77, 68.71)),
    ),
)
_LAYOUTS = (
    ("right", "network.settings.position_layout=frequency_time"),
    ("reference", "network.settings.position_layout=reference"),
)
_AVERAGES = (("plain", "averaging.name=none"), ("live", "averaging.name=live"))
_PROTOCOLS: tuple[Protocol, ...] = ("literature", "honest")


def _icbhi_rows() -> tuple[PlanRow, ...]:
    rows = []
    for protocol, method, layout, average in product(_PROTOCOLS, _METHODS, _LAYOUTS, _AVERAGES):
        name, title, recipe, published = method
        rows.append(
            PlanRow(
                name,
                title,
                recipe,
                (("positions", *layout), ("averaging", *average)),
                protocol,
                published=published if protocol == "literature" else None,
                as_published=(layout[0], average[0]) == ("reference", "live"),
            )
        )
    return tuple(rows)


PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(
            name="icbhi-patchmix",
            title="Patch-Mix contrastive learning on ICBHI's official split, four classes",
            dataset="ICBHI 2017",
            rows=_icbhi_rows(),
            train_items=sum(CYCLES["train"]),
            test_items=sum(CYCLES["test"]),
            notes=(
                "Positions: reference is the transposed layout of the paper's implementation, right the one in which "
                "each patch has its own place. Averaging: live is its ma_update with β 0.5, plain is none.",
                "The literature protocol learns from the whole train split and keeps the best test epoch, as the paper "
                "does; the honest one keeps some of the training patients (a fifth of the cycles) to choose the epoch. "
                "Published numbers are of the literature protocol, with reference positions and live averaging.",
                "Of Patch-Mix CE no published number is at hand; the paper says that it did not improve on "
                "cross-entropy.",
            ),
        ),
    )
}


def find_plan(name: str) -> Plan:
    """Return a plan by its name.

    Raises
    ------
    TrainError
        There is none; the message names those that there are.
    """
    if name not in PLANS:
        close = get_close_matches(name, PLANS, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise TrainError(f"no plan {name!r}; {meant}expected one of {', '.join(PLANS)}")
    return PLANS[name]
