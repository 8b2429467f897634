"""What a card says of the data, the training, whose work is in it, and how to make it again."""

from typing import Any

import yaml

from resp.datasets.readers import READERS
from resp.evaluate.tasks import task_numbers
from resp.mix import REGISTRY as MIXES
from resp.models import REGISTRY as NETWORKS
from resp.models.config import ModelConfig
from resp.models.provenance import Provenance
from resp.models.results import markdown_table
from resp.registry import Registry
from resp.train.card.cautions import card_settings
from resp.train.errors import TrainError
from resp.train.recipe import make_recipe

_OWN = "resp"
# A recipe names its parts and where they are drawn from elsewhere on the card.
_TOLD_ELSEWHERE = ("card", "name")


def training_data(config: ModelConfig) -> str:
    """Return what the model learned from: words, classes, devices, census, fingerprint."""
    parts = ["\n".join(f"- {one}" for one in config.trained_on) or "Not recorded."]
    data = config.provenance.data if config.provenance is not None else {}
    if data:
        unit = task_numbers(config.task).unit
        parts += [_classes(data, unit), _divided(data, unit), _census(data), _fingerprint(data)]
    elif config.trained_devices:
        parts.append(f"Devices: {', '.join(config.trained_devices)}.")
    return "\n\n".join(part for part in parts if part)


def training(config: ModelConfig) -> str:
    """Return how it was trained: objective, time, machine, and every setting that is not the default."""
    made = config.provenance
    if made is None or not made.recipe:
        return "Not recorded."
    return "\n\n".join(part for part in (_how(made), _settings(made.recipe)) if part)


def credits_and_citations(config: ModelConfig) -> str:
    """Return licence, whose work is in the model, and what to cite."""
    said = card_settings(config)
    recipe = config.provenance.recipe if config.provenance is not None else {}
    credit = [f"Licence of the weights: {config.licence or 'not stated'}.", *said.get("credits", ())]
    if start := recipe.get("network", {}).get("weights"):
        credit.append(f"Started from `{start}`.")
    sources = [
        _source(NETWORKS, config.network, "network"),
        _source(MIXES, _mix_name(recipe), "mix"),
        _source(READERS, recipe.get("data", {}).get("dataset"), "data set"),
        "card: Mitchell et al., FAccT 2019 (Model cards for model reporting)",
    ]
    cite = [*said.get("cite", ()), *(source for source in sources if source)]
    return "\n".join(f"- {one}" for one in credit) + "\n\nCite:\n\n" + "\n".join(f"- {one}" for one in cite)


def again(config: ModelConfig) -> str:
    """Return the commands that make model and card again."""
    if config.provenance is None or not config.provenance.recipe:
        return "This card: `resp card MODEL_FOLDER`. Each table says which command measured it."
    start = config.provenance.recipe.get("network", {}).get("weights")
    weights = f" --set network.weights={start}" if start else ""
    commands = card_settings(config).get("made_by") or (
        "resp card MODEL_FOLDER --recipe --out recipe.yaml",
        f"resp train recipe.yaml --set data.root=FOLDER_OF_THE_DATA{weights} --out RUN",
        "resp card RUN --write",
    )
    told = "\n".join(commands)
    return f"Weights and this card; each table says which command measured it.\n\n```sh\n{told}\n```"


def _classes(data: dict[str, Any], unit: str) -> str:
    items = data.get("parts", {}).get("train", {}).get("classes", {})
    learned = data.get("learned_from", {})
    patients = learned.get("patients_of_class", {})
    rows = [[name, str(count), str(patients.get(name, "–"))] for name, count in items.items()]
    table = markdown_table(("learned from", "items", unit), rows) if rows else ""
    for key, title in (("items_of_device", "Devices"), ("items_of_site", "Sites")):
        if known := learned.get(key):
            table += f"\n\n{title} (items): {', '.join(f'{name} {count}' for name, count in known.items())}."
    return table


def _divided(data: dict[str, Any], unit: str) -> str:
    parts = data.get("parts", {})
    told = "; ".join(f"{name} {part['items']} items of {part['patients']} {unit}" for name, part in parts.items())
    more = [
        f"{count} {what}"
        for count, what in (
            (data.get("shared_patients"), f"{unit} are on both sides of the published split"),
            (data.get("unassigned_items"), "items are in no part"),
            (data.get("withheld_items"), "items were withheld, as the test part has their source"),
        )
        if count
    ]
    return f"Parts: {'; '.join([told, *more])}." if told else ""


def _census(data: dict[str, Any]) -> str:
    census = data.get("census", {})
    rows = [
        [one["name"], str(one["found"]), "–" if one["expected"] is None else str(one["expected"])]
        for one in census.get("counts", ())
    ]
    table = markdown_table((f"{data.get('dataset')}: census", "found", "published"), rows) if rows else ""
    notes = "\n".join(f"- {note}" for note in census.get("notes", ()))
    return "\n\n".join(part for part in (table, notes) if part)


def _fingerprint(data: dict[str, Any]) -> str:
    known = data.get("fingerprint", {})
    if not known:
        return ""
    return (
        f"Fingerprint of sounds and labels: `{known['sha256']}` "
        f"({known['items']} items, {known['files']} files, {known['size_bytes'] / 1e6:.1f} MB)."
    )


def _how(made: Provenance) -> str:
    recipe, environment = made.recipe, made.environment
    objective = recipe.get("objective", {})
    mix = objective.get("mix") or {}
    mixed = f" with the mix `{mix.get('name')}` at {mix.get('site')}" if mix.get("name") else ""
    lines = [
        f"- Recipe `{recipe.get('name')}`, seed {recipe.get('seed')}: objective `{objective.get('name')}`{mixed}, "
        f"{made.epochs} epochs.",
    ]
    if made.weights:
        lines.append(f"- Weights: {made.weights}.")
    if environment:
        device = environment.get("device")
        where = str(environment.get("processor", "a processor")) if device == "cpu" else str(device)
        threads = f", {environment.get('threads')} threads" if device == "cpu" else ""
        versions = environment.get("packages", {})
        lines.append(
            f"- On {where}{threads}, {environment.get('processes')} process(es), precision "
            f"{environment.get('precision')}; resp {environment.get('resp')}, torch {versions.get('torch')}, "
            f"Python {environment.get('python')}."
        )
    if made.train_seconds is not None:
        lines.append(f"- Training took {_duration(made.train_seconds)}, measuring left out.")
    return "\n".join(lines)


def _settings(recipe: dict[str, Any]) -> str:
    try:
        shown = make_recipe(recipe).model_dump(mode="json", exclude_defaults=True)
        words = "Settings that are not the defaults (all of them stand in `config.json`):"
    except TrainError:
        # Of a resp with other settings.
        shown, words = recipe, "Settings:"
    # Of an objective every setting, because what it is by default depends on its name.
    shown = {
        key: recipe[key] if key == "objective" else shown[key]
        for key in recipe
        if key in shown and key not in _TOLD_ELSEWHERE
    }
    return f"{words}\n\n```yaml\n{yaml.safe_dump(shown, sort_keys=False, allow_unicode=True)}```"


def recipe_text(config: ModelConfig) -> str:
    """Return the recipe of a model as YAML, which ``resp train`` takes.

    Raises
    ------
    TrainError
        It is not known.
    """
    if config.provenance is None or not config.provenance.recipe:
        raise TrainError(f"model {config.name!r}: how it was trained is not recorded in its config.json")
    try:
        return make_recipe(config.provenance.recipe).to_yaml()
    except TrainError:
        return yaml.safe_dump(config.provenance.recipe, sort_keys=False, allow_unicode=True)


def _source(registry: "Registry[Any]", name: Any, kind: str) -> str:
    record = next((one for one in registry if one.name == name), None)
    return "" if record is None or record.source == _OWN else f"{kind} `{record.name}`: {record.source}"


def _mix_name(recipe: dict[str, Any]) -> Any:
    mix = recipe.get("objective", {}).get("mix")
    return mix.get("name") if isinstance(mix, dict) else None


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
