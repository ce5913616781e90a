"""Stored files: photos, documents, logos. Named by their content, so that a file written twice is there once."""

import hashlib
import os
from pathlib import Path

from flask import current_app

from app.kernel.ids import new_id


def folder() -> Path:
    """FIELDBOOK_DATA/files."""
    path: Path = current_app.config["DATA"] / "files"
    return path


def path_of(digest: str) -> Path:
    """Where the content with this SHA-256 lies."""
    return folder() / digest[:2] / digest[2:]


def store(content: bytes) -> str:
    """Keep the bytes and return their SHA-256 (hex). Writing the same content again changes nothing."""
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{new_id().hex}")
        try:
            with part.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return digest


def read(digest: str) -> bytes:
    """The content (FileNotFoundError where it was lost)."""
    return path_of(digest).read_bytes()
