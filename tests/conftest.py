"""What all tests share: where the real recordings are."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real recordings: RESP_DATA, or shared/data beside the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("RESP_DATA", beside))
    if not (folder / "kauh").is_dir():
        pytest.skip(f"real recordings not found in {folder} (set RESP_DATA)")
    return folder


@pytest.fixture(autouse=True)
def same_main_module() -> Iterator[None]:
    """Put back what Streamlit's AppTest leaves as the main module: a started process runs that module's file first."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
