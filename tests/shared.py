"""Real public data beside the project, for tests that need it: folder FIELDBOOK_SHARED, else ../shared."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
SHARED = (_ROOT / os.environ.get("FIELDBOOK_SHARED", "../shared")).resolve()


def shared_file(path: str) -> Path:
    """A file of the folder's `data`; the test is skipped, and says why, where it is not there."""
    file = SHARED / "data" / path
    if not file.exists():
        pytest.skip(f"no {path}: set FIELDBOOK_SHARED to the folder that has data/{path}")
    return file
