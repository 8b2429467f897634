"""What a file name tells: the naming patterns of the ICBHI and KAUH lung sound data sets.

ICBHI 2017 (Rocha et al. 2019, doi 10.1088/1361-6579/ab03ea): ``101_1b1_Al_sc_Meditron.wav`` is patient,
recording index, chest site, channels and device. KAUH (Fraiwan et al. 2021, doi 10.1016/j.dib.2021.106913):
``BP22_BRON,Crep,P R U,24,M.wav`` is filter and patient, diagnosis, sound, chest site, age and sex.
"""

import re
from dataclasses import dataclass
from typing import Literal

DeviceCode = Literal["AKGC417L", "LittC2SE", "Litt3200", "Meditron"]
StethoscopeFilter = Literal["bell", "diaphragm", "extended"]

ICBHI_SITES: dict[str, str] = {
    "Tc": "trachea",
    "Al": "anterior left",
    "Ar": "anterior right",
    "Pl": "posterior left",
    "Pr": "posterior right",
    "Ll": "lateral left",
    "Lr": "lateral right",
}
_FILTERS: dict[str, StethoscopeFilter] = {"B": "bell", "D": "diaphragm", "E": "extended"}
_FACES = {"A": "anterior", "P": "posterior"}
_LEVELS = {"U": "upper", "M": "middle", "L": "lower"}

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_ICBHI = re.compile(
    r"(?P<patient>\d{3})_(?P<index>\d\w\d+)_(?P<site>Tc|Al|Ar|Pl|Pr|Ll|Lr)_(?P<mode>sc|mc)"
    r"_(?P<device>AKGC417L|LittC2SE|Litt3200|Meditron)"
)
_KAUH = re.compile(
    r"(?P<filter>[BDE])P(?P<patient>\d+)_(?P<diagnosis>[^,]*),(?P<sound>[^,]*),(?P<site>[^,]*),(?P<age>[^,]*),"
    r"(?P<sex>[^,]*)"
)


@dataclass(frozen=True, slots=True)
class IcbhiName:
    """The parts of an ICBHI file name; ``channels_mode``: ``sc`` single, ``mc`` several at once."""

    patient: str
    recording_index: str
    site: str
    channels_mode: Literal["sc", "mc"]
    device: DeviceCode


@dataclass(frozen=True, slots=True)
class KauhName:
    """The parts of a KAUH file name, blanks around them removed, otherwise as written."""

    patient: str
    stethoscope_filter: StethoscopeFilter
    diagnosis: str
    sound: str
    site: str
    age_years: int | None
    sex: Literal["F", "M"] | None


@dataclass(frozen=True, slots=True)
class KnownFromName:
    """What a file name tells of its recording; None where it does not.

    ``patient_key`` carries the data set, so that patient 101 of one set is not patient 101 of the other.
    """

    dataset: Literal["icbhi", "kauh"] | None = None
    patient_key: str | None = None
    body_site: str | None = None
    device: str | None = None
    stethoscope_filter: StethoscopeFilter | None = None


def describe_file_name(name: str) -> KnownFromName:
    """Tell what a file name says, whatever folder it stands in.

    Parameters
    ----------
    name
        A file name or path, with or without its extension.

    Returns
    -------
    KnownFromName
        All None for a name of no known pattern.
    """
    if icbhi := parse_icbhi_name(name):
        site = ICBHI_SITES[icbhi.site]
        return KnownFromName("icbhi", f"icbhi-{icbhi.patient}", site, icbhi.device)
    if kauh := parse_kauh_name(name):
        site_or_none = describe_kauh_site(kauh.site)
        return KnownFromName(
            "kauh",
            f"kauh-{kauh.patient}",
            site_or_none,
            "Litt3200",
            stethoscope_filter=kauh.stethoscope_filter,
        )
    return KnownFromName()


def parse_icbhi_name(name: str) -> IcbhiName | None:
    """Return the parts of an ICBHI file name or path, None where it is none."""
    match = _ICBHI.fullmatch(_stem(name))
    if match is None:
        return None
    mode: Literal["sc", "mc"] = "sc" if match["mode"] == "sc" else "mc"
    device: DeviceCode = match["device"]  # type: ignore[assignment]  # the pattern holds these four alone
    return IcbhiName(match["patient"], match["index"], match["site"], mode, device)


def parse_kauh_name(name: str) -> KauhName | None:
    """Return the parts of a KAUH file name or path, None where it is none."""
    match = _KAUH.fullmatch(_stem(name))
    if match is None:
        return None
    age, sex = match["age"].strip(), match["sex"].strip().upper()
    return KauhName(
        patient=match["patient"],
        stethoscope_filter=_FILTERS[match["filter"]],
        diagnosis=match["diagnosis"].strip(),
        sound=match["sound"].strip(),
        site=" ".join(match["site"].split()),
        age_years=int(age) if age.isdecimal() else None,
        sex="F" if sex == "F" else "M" if sex == "M" else None,
    )


def describe_kauh_site(site: str) -> str | None:
    """Put a KAUH chest site into words.

    The letters are A or P, then side and level in either order. L is both "left" and "lower": with R beside
    it, it is the level (``P L R`` is posterior right lower); with another level, the side; twice, both.

    Parameters
    ----------
    site
        As in the file name, such as ``P R U``.

    Returns
    -------
    str or None
        Such as ``posterior right upper``; None where the letters are not understood.
    """
    letters = site.upper().split()
    if not letters or letters[0] not in _FACES or not set(letters[1:]) <= {"L", "R", "U", "M"}:
        return None
    rest = letters[1:]
    right, lefts_and_lowers = rest.count("R"), rest.count("L")
    level = next((_LEVELS[letter] for letter in rest if letter in "UM"), None)
    if level is None and lefts_and_lowers and (right or lefts_and_lowers > 1):
        level, lefts_and_lowers = "lower", lefts_and_lowers - 1
    side = " and ".join(["left"] * bool(lefts_and_lowers) + ["right"] * bool(right))
    return " ".join(word for word in (_FACES[letters[0]], side, level) if word)


def _stem(name: str) -> str:
    base = re.split(r"[/\\]", name)[-1]
    return _EXTENSION.sub("", base)
