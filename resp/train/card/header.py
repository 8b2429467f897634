"""The YAML block at the top of a card, which model hubs read."""

from typing import Any

import yaml

from resp.models.config import ModelConfig

# What hubs know by these names; any other licence is named in words.
_LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0", "gpl-3.0")


def header(config: ModelConfig) -> str:
    """Return the block with its fences, without an end of line."""
    licence = config.licence.strip().lower()
    values: dict[str, Any] = {}
    if licence in _LICENCES:
        values["license"] = licence
    elif licence:
        values |= {"license": "other", "license_name": config.licence}
    tags = ["audio", config.network.replace("_", "-")]
    if config.task == "respiratory":
        tags += ["lung-sounds", "auscultation"]
    values |= {"library_name": "resp", "pipeline_tag": "audio-classification", "tags": tags}
    if config.provenance is not None and "dataset" in config.provenance.data:
        values["datasets"] = [config.provenance.data["dataset"]]
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---"
