"""Conditions under which a model is measured again: noise, devices, formats, attacks; each by its name.

Names are imported on first use.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from resp.evaluate.errors import EvaluationError
from resp.registry import Record, Registry

if TYPE_CHECKING:
    from resp.evaluate.conditions.attack import Attack
    from resp.evaluate.conditions.contract import Condition

    AnyCondition: TypeAlias = Condition | Attack

_ROOM = "resp.evaluate.conditions"
_ADDED = f"{_ROOM}.added:AddedSound"
_LEVELS_DB = (20, 10, 5, 0)
_WORDS = {
    "white": "white noise",
    "babble": "babble of a ward, synthetic: six voices, an alarm, ventilation",
    "heart": "synthetic heart sounds, 60 to 100 beats a minute",
}
_FGSM, _PGD = "Goodfellow et al., ICLR 2015", "Madry et al., ICLR 2018"

CONDITIONS: Registry["AnyCondition"] = Registry(
    "condition",
    EvaluationError,
    (
        *(
            Record(f"{kind}_{level}db", _ADDED, f"{words}, {level} dB", "resp", {"kind": kind, "snr_db": level})
            for kind, words in _WORDS.items()
            for level in _LEVELS_DB
        ),
        *(
            Record(
                f"low_pass_{corner}",
                f"{_ROOM}.colour:BandLimit",
                f"nothing above {corner} Hz",
                "resp",
                {"high_hz": corner},
            )
            for corner in (1000, 500)
        ),
        *(
            Record(
                f"high_pass_{corner}",
                f"{_ROOM}.colour:BandLimit",
                f"nothing below {corner} Hz",
                "resp",
                {"low_hz": corner},
            )
            for corner in (100, 200)
        ),
        Record(
            "device_bell",
            f"{_ROOM}.colour:DeviceFilter",
            "the colour of the bell filter, measured on KAUH against the extended one",
            "resp",
            {"response": "bell"},
        ),
        Record(
            "device_diaphragm",
            f"{_ROOM}.colour:DeviceFilter",
            "the colour of the diaphragm filter, measured on KAUH against the extended one",
            "resp",
            {"response": "diaphragm"},
        ),
        Record(
            "device_telephone",
            f"{_ROOM}.colour:DeviceFilter",
            "the band of a telephone, 300 to 3400 Hz",
            "ITU-T P.48",
            {"response": "telephone"},
        ),
        Record("gain_-40db", f"{_ROOM}.level:Gain", "recorded 40 dB softer, kept as 16 bits", "resp", {"gain_db": -40}),
        Record(
            "gain_+12db", f"{_ROOM}.level:Gain", "recorded 12 dB louder, clipped at full scale", "resp", {"gain_db": 12}
        ),
        *(
            Record(
                f"clip_{percent}",
                f"{_ROOM}.level:Clipping",
                f"{percent} % of samples clipped",
                "resp",
                {"share": percent / 100},
            )
            for percent in (1, 5, 20)
        ),
        Record("mp3_32", f"{_ROOM}.coding:Mp3", "MP3 at 32 kbit/s and back", "resp", {"kbit_s": 32}),
        *(
            Record(
                f"resample_{rate}",
                f"{_ROOM}.coding:OtherRate",
                f"kept at {rate} Hz, and brought back",
                "resp",
                {"rate_hz": rate},
            )
            for rate in (2000, 8000, 44100)
        ),
        Record(
            "middle_window",
            f"{_ROOM}.attack:Attack",
            "unchanged, the middle window alone: what attacks are compared with",
            "resp",
            {"method": "none"},
        ),
        *(
            Record(
                f"{method}_{epsilon:g}",
                f"{_ROOM}.attack:Attack",
                f"{method.upper()} with ε = {epsilon:g} on the middle window",
                source,
                {"method": method, "epsilon": epsilon},
            )
            for method, source in (("fgsm", _FGSM), ("pgd", _PGD))
            for epsilon in (1e-4, 1e-3)
        ),
    ),
)

# What an attack is compared with.
ATTACK_BASE = "middle_window"


def choose(names: str | Iterable[str], *, speech: Path | None = None) -> "dict[str, AnyCondition]":
    """Make conditions by name.

    Parameters
    ----------
    names
        Names, or ``all`` of them; a text is taken apart at its commas. What attacks are compared with is added where
        there is an attack.
    speech
        A folder of recorded speech that takes the place of synthetic babble.

    Returns
    -------
    dict
        Name → condition, in the order of the registry.

    Raises
    ------
    EvaluationError
        No such condition, or none at all.
    """
    given = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
    known = [record.name for record in CONDITIONS]
    wanted = set(known) if given == ["all"] else {CONDITIONS.record(name).name for name in given if name}
    if not wanted:
        raise EvaluationError(f"no condition named; expected all, or some of {', '.join(known)}")
    if any(is_attack(name) for name in wanted):
        wanted.add(ATTACK_BASE)
    made: dict[str, AnyCondition] = {}
    for name in (name for name in known if name in wanted):
        own = {"speech": speech} if CONDITIONS.record(name).defaults.get("kind") == "babble" else {}
        made[name] = CONDITIONS.create(name, **own)
    return made


def is_attack(name: str) -> bool:
    """Return whether a condition changes what the network is given, and not the recording."""
    return CONDITIONS.record(name).maker.endswith(":Attack")


__all__ = ["ATTACK_BASE", "CONDITIONS", "choose", "is_attack"]
