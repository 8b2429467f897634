"""The card as Markdown, its sections after Mitchell et al., "Model cards for model reporting", FAccT 2019."""

from pathlib import Path

from resp.evaluate.bootstrap import LEVEL
from resp.evaluate.tasks import task_numbers
from resp.models import REGISTRY
from resp.models.config import ModelConfig
from resp.models.folder import WEIGHTS, weights_checksum
from resp.models.initialise import outline
from resp.models.results import markdown_table, plain_table, split_results
from resp.models.task import Task
from resp.train.card.cautions import card_settings, cautions
from resp.train.card.confidence import confidence, familiarity
from resp.train.card.header import header
from resp.train.card.run_facts import MEASURED
from resp.train.card.training import again, credits_and_citations, training, training_data

_USE: dict[Task, str] = {
    "respiratory": "Research and education: a second opinion on lung sounds that were recorded with a stethoscope, "
    "each breath cycle or window and the whole recording, read by somebody who can hear them.",
    "single_label": "Research and education: which of its classes a clip belongs to.",
    "multi_label": "Research and education: which of its classes are in a clip.",
    "unlabelled": "A start for training: it predicts nothing.",
}
_NOT_FOR: dict[Task, str] = {
    "respiratory": "Diagnosis, triage, alarms, monitoring, or any decision about a patient.",
    "single_label": "Decisions about people, alarms, surveillance.",
    "multi_label": "Decisions about people, alarms, surveillance.",
    "unlabelled": "Scoring recordings.",
}
_TASK: dict[Task, str] = {
    "respiratory": "one class for each stretch of a lung sound",
    "single_label": "one class for each clip",
    "multi_label": "each class of a clip, a yes or no of its own",
    "unlabelled": "nothing; it was prepared for training",
}
_METRICS: dict[Task, str] = {
    "respiratory": "Sp is the share of normal sounds that are called normal, Se the share of abnormal ones that are "
    "given their own class, Score their mean (ICBHI 2017). Of two classes, any abnormal word is right for an abnormal "
    "sound. AUROC is that of 1 − p(normal), abnormal against normal.",
    "single_label": "Accuracy is the share of clips whose most probable class is the true one; macro recall is the "
    "mean over classes.",
    "multi_label": "mAP is average precision, its mean over classes; macro AUROC likewise.",
    "unlabelled": "There are no labels to measure by.",
}
_ETHICS: dict[Task, str] = {
    "respiratory": "The training sounds are patients'. A wrong *normal* may delay care, a wrong abnormal word may "
    "alarm: both happen as often as the tables say. How well it does for a group of people that is not in the tables "
    "is not known.",
    "single_label": "Sounds of people may be among the training clips.",
    "multi_label": "Sounds of people may be among the training clips.",
    "unlabelled": "Sounds of people may be among the training clips.",
}


def card_text(folder: Path, config: ModelConfig, sha256: str) -> str:
    """Return the card of a model folder.

    Parameters
    ----------
    folder
        The model folder, for its weights.
    config
        What its ``config.json`` says, or is about to.
    sha256
        Checksum over that configuration and the weights.
    """
    sections = (
        f"# {config.name}\n\n{_lead(config)}",
        _section("Model details", _details(folder, config, sha256)),
        _section("Intended use", _use(config)),
        _section("Training data", training_data(config)),
        _section("Training", training(config)),
        _section("How it was measured", _metrics(config)),
        _section("Results", _results(config)),
        _section("How sure it is", confidence(config)),
        _section("Sounds that it does not know", familiarity(config)),
        _section("Ethical considerations", _ETHICS[config.task]),
        _section("Limits", "\n".join(f"- {one}" for one in cautions(config))),
        _section("Licence, credits, citation", credits_and_citations(config)),
        _section("Made again", again(config)),
    )
    body = "\n\n".join(section for section in sections if section)
    return f"{header(config)}\n\n{body}\n\nWritten by `resp card`.\n"


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text else ""


def _lead(config: ModelConfig) -> str:
    description = config.description or "A network trained by `resp train`."
    return f"{description} **For research and education; not a medical device.**"


def _details(folder: Path, config: ModelConfig, sha256: str) -> str:
    shape = outline(config.network, config.classes, **config.settings)
    size_mb = (folder / WEIGHTS).stat().st_size / 1e6
    known = {record.name: record for record in REGISTRY}
    network = f"`{config.network}`"
    if config.network in known:
        network += f": {known[config.network].description} ({known[config.network].source})"
    settings = ", ".join(f"{name} {value}" for name, value in config.settings.items())
    clip = config.clip
    rows = {
        "name, version": f"{config.name}, {config.version}",
        "checksum": f"`{sha256}`: SHA-256 over configuration and weights, as every report names it",
        "weights": f"`{weights_checksum(folder)}`: SHA-256 of `{WEIGHTS}`; {size_mb:.1f} MB, "
        f"{shape.parameters:,} parameters",
        "network": network,
        "its settings": settings,
        "predicts": f"{_TASK[config.task]}: {', '.join(config.classes)}",
        "hears": f"{clip.window_s:g} s at {shape.rate_hz / 1000:g} kHz, mono: nothing above {shape.rate_hz / 2:g} Hz",
        "licence": config.licence or "not stated",
    }
    return markdown_table(("", ""), [[name, value] for name, value in rows.items() if value])


def _use(config: ModelConfig) -> str:
    said = card_settings(config)
    not_for = [_NOT_FOR[config.task], *said.get("not_for", ())]
    return f"{said.get('intended_use') or _USE[config.task]}\n\nNot for:\n\n" + "\n".join(f"- {one}" for one in not_for)


def _metrics(config: ModelConfig) -> str:
    return (
        f"{_METRICS[config.task]} A number with two more in brackets is a value and its {LEVEL:.0%} interval, "
        f"{task_numbers(config.task).unit} resampled, where its table says nothing else."
    )


def _results(config: ModelConfig) -> str:
    tables, others = split_results(config.results)
    shown = [table.to_markdown(3) for name, table in tables.items() if name != MEASURED]
    if MEASURED in tables:
        shown.append(tables[MEASURED].to_markdown(3))
    for name, entry in others.items():
        # A run's numbers by protocol stand in its own table, with intervals.
        own = isinstance(entry, dict) and "test" in entry and MEASURED in tables
        table = None if own else plain_table(name, entry)
        if table is not None:
            shown.append(table.to_markdown(3))
    return "\n\n".join(shown) or "Not measured."
