"""The published JSON schema is that of the Report."""

import json
from pathlib import Path

from resp.score.schema import Report

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"
COMMAND = "python -c 'import json, resp; print(json.dumps(resp.Report.model_json_schema(), indent=2))'"


def test_published_schema_is_current():
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == Report.model_json_schema(), (
        f"the Report changed: raise its schema_version where old readers break, and write {PUBLISHED.name} anew "
        f"with {COMMAND}"
    )
