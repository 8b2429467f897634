"""The gallery as one page: plain HTML that needs nothing but the files beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath
from typing import Any

from resp.gallery.exhibit import Exhibit, Kind
from resp.gallery.scene import Scene

_HEADINGS: dict[Kind, tuple[str, str]] = {
    "waveform": ("Augmentations of the waveform", "They keep the label. Each acts here with a probability of one."),
    "spectrogram": (
        "Augmentations of the spectrogram",
        "They keep the label and have no sound. Each acts here with a probability of one.",
    ),
    "mix": (
        "Mixes",
        "They mix the clip with another and their labels alike. Those of spectrogram patches have no sound.",
    ),
}

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; color: #1b1b1b; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid #ccc; padding: .6rem .6rem; text-align: left; vertical-align: top; }
td.told { min-width: 12rem; max-width: 16rem; }
td img { max-width: 100%; height: auto; display: block; }
td audio { width: 14rem; display: block; margin-bottom: .5rem; }
code { font-size: .9em; overflow-wrap: anywhere; } .soft { color: #555; font-size: .9em; }
nav a { margin-right: .7rem; white-space: nowrap; }
@media (max-width: 60rem) { thead { display: none; } tr, td, td.told { display: block; max-width: none; }
  td { border: 0; padding: .3rem 0; } tr { border-top: 1px solid #ccc; padding: .6rem 0; } }
"""


@dataclass(frozen=True, slots=True)
class Sound:
    """A WAV file of the gallery.

    Parameters
    ----------
    title
        What is heard.
    path
        Relative to the page.
    scaled_db
        By how much it was made softer, so that 16 bits hold it; 0 where it is as loud as it was.
    """

    title: str
    path: PurePosixPath
    scaled_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Shown:
    """An exhibit and its files.

    Parameters
    ----------
    exhibit
        One that could be shown.
    picture
        Relative to the page.
    sounds
        In the order of the exhibit's panels; none where it has no sound.
    """

    exhibit: Exhibit
    picture: PurePosixPath
    sounds: tuple[Sound, ...]


def page_html(scene: Scene, shown: Sequence[Shown], missing: Sequence[Exhibit]) -> str:
    """Return the page.

    Parameters
    ----------
    scene
        What everything acted on.
    shown, missing
        What could be shown, and what could not and why; together all that is registered.
    """
    title = f"Augmentations and mixes of {escape(scene.clip_name)}"
    links = " ".join(f'<a href="#{one.exhibit.key}">{escape(one.exhibit.name)}</a>' for one in shown)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{title}</h1>
{_about(scene)}
<nav>{links}</nav>
{"".join(_section(kind, [one for one in shown if one.exhibit.kind == kind]) for kind in _HEADINGS)}
{_not_shown(missing)}
<p class="soft">For research and education; not a medical device.</p>
</body>
</html>
"""


def _about(scene: Scene) -> str:
    cut = "" if scene.cut_from_s is None else f", the beginning of {scene.cut_from_s:.1f} s"
    return (
        f"<p>Clip: {escape(scene.clip_name)}, {scene.duration_s:.2f} s at {scene.rate_hz} Hz{cut}. "
        f"The other clip, for mixes: {escape(scene.other_name)}. Seed {scene.seed}.</p>\n"
        '<p class="soft">The pictures of one row share their scales: amplitude, and level within 80 dB. Every setting '
        "has its default. Augmentations are drawn once; "
        "of a few draws of a mix, the one that changes the clip most is shown.</p>"
    )


def _section(kind: Kind, shown: Sequence[Shown]) -> str:
    if not shown:
        return ""
    heading, told = _HEADINGS[kind]
    audible = any(one.sounds for one in shown)
    columns = ["What", "Given and made", *(["Sound"] if audible else [])]
    head = "".join(f"<th>{column}</th>" for column in columns)
    rows = "".join(_row(one, audible=audible) for one in shown)
    return f"<h2>{heading}</h2>\n<p>{told}</p>\n{_table(head, rows)}"


def _row(shown: Shown, *, audible: bool) -> str:
    """Return a row of a table, which has a cell for sounds where any row has."""
    exhibit = shown.exhibit
    note = f"<p>{escape(exhibit.note)}</p>" if exhibit.note else ""
    titles = ", ".join(panel.title for panel in exhibit.panels)
    alternative = escape(f"{exhibit.name}: {titles}, side by side")
    sounds = f"<td>{''.join(map(_player, shown.sounds))}</td>" if audible else ""
    return f"""<tr id="{exhibit.key}">
<td class="told"><strong>{escape(exhibit.name)}</strong><p>{escape(exhibit.description)}</p>{note}
<p><code>{_settings(exhibit.settings)}</code></p><p class="soft">{escape(exhibit.source)}</p></td>
<td><img src="{shown.picture}" alt="{alternative}" loading="lazy"></td>
{sounds}
</tr>
"""


def _player(sound: Sound) -> str:
    scaled = f" ({sound.scaled_db:.1f} dB, scaled to fit 16 bits)" if sound.scaled_db else ""
    return (
        f"<div>{escape(sound.title)}{scaled}</div>"
        f'<audio controls preload="none" src="{sound.path}" aria-label="{escape(sound.title)}"></audio>'
    )


def _settings(settings: Mapping[str, Any]) -> str:
    return "<br>".join(escape(f"{name}: {_plain(value)}") for name, value in settings.items()) or "no settings"


def _plain(value: Any) -> str:
    """Return a value as a recipe would write it."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_plain, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _not_shown(missing: Sequence[Exhibit]) -> str:
    if not missing:
        return ""
    rows = "".join(
        f'<tr id="{one.key}"><td class="told"><strong>{escape(one.name)}</strong><p>{escape(one.description)}</p></td>'
        f"<td>{escape(one.problem or '')}</td></tr>\n"
        for one in missing
    )
    return f"<h2>Could not be shown</h2>\n{_table('<th>What</th><th>Why</th>', rows)}"


def _table(head: str, rows: str) -> str:
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
