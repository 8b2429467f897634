"""Start-up stays light: what is slow to import is imported when it is used."""

import subprocess
import sys

import pytest

SLOW = (
    "torch",
    "transformers",
    "torchaudio",
    "matplotlib",
    "pandas",
    "sklearn",
    "scipy",
    "streamlit",
    "pyarrow",
    "audiomentations",
    "pydicom",
    "highdicom",
    "pynetdicom",
    "sqlalchemy",
    "alembic",
    "fastapi",
    "uvicorn",
    "prometheus_client",
)


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*(n for n in {SLOW!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import resp",
        "import resp; resp.Recording; resp.load_recording",
        "from resp.cli import cli; cli(['--help'], standalone_mode=False)",
        "from resp.cli import cli; cli(['score', '--help'], standalone_mode=False)",
        "from resp.cli import cli; cli(['dicom', '--help'], standalone_mode=False)",
        "from resp.cli import cli; cli(['records', '--help'], standalone_mode=False)",
        "from resp.cli import cli; cli(['app', '--help'], standalone_mode=False)",
        "import resp.dicom; resp.dicom.DicomError",
        "import resp.records; resp.records.User, resp.records.RecordsError, resp.records.RecordingRow",
        "from resp.cli import cli; cli(['serve', '--help'], standalone_mode=False)",
        "from resp.service import Keys, ServiceSettings, make_key",
        "from resp.cli import cli; cli(['augmentations'], standalone_mode=False)",
    ],
)
def test_nothing_slow_is_loaded(code: str) -> None:
    assert loaded_by(code) == set()


def test_the_report_schema_needs_no_torch() -> None:
    assert "torch" not in loaded_by("import resp; resp.Report.model_json_schema()")
