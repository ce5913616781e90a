"""Stored files: named by their content, whole or not there."""

import hashlib
import os
from pathlib import Path

import pytest
from flask import Flask

from app.factory import create_app
from app.infra import files
from app.infra.db import db
from tests.conftest import settings_for
from tests.infra.test_db import side_by_side


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(settings_for(tmp_path))


def stored(app: Flask) -> list[Path]:
    return [path for path in (app.config["DATA"] / "files").rglob("*") if path.is_file()]


def test_content_comes_back_under_its_sha_256(app: Flask) -> None:
    with app.app_context():
        for content in (b"", b"logo", os.urandom(300_000)):
            digest = files.store(content)
            assert digest == hashlib.sha256(content).hexdigest()
            assert files.read(digest) == content
            assert files.path_of(digest) == app.config["DATA"] / "files" / digest[:2] / digest[2:]
        with pytest.raises(FileNotFoundError):
            files.read("0" * 64)


def test_the_same_content_is_there_once_and_not_written_again(app: Flask) -> None:
    with app.app_context():
        digest = files.store(b"photo")
        before = files.path_of(digest).stat()
        assert files.store(b"photo") == digest
        assert files.path_of(digest).stat().st_ino == before.st_ino
    assert len(stored(app)) == 1


def test_many_who_store_the_same_at_once_make_one_file(app: Flask) -> None:
    content = os.urandom(200_000)
    digests = side_by_side(app, *[lambda: files.store(content)] * 8)
    assert set(digests) == {hashlib.sha256(content).hexdigest()}
    assert [path.read_bytes() for path in stored(app)] == [content]
    with app.app_context():
        db.engine.dispose()


def test_what_cannot_be_written_leaves_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with app.app_context():
        with monkeypatch.context() as patch:
            patch.setattr(files.os, "fsync", no_space)
            with pytest.raises(OSError, match="No space"):
                files.store(b"photo")
        assert stored(app) == []
        assert files.read(files.store(b"photo")) == b"photo"
