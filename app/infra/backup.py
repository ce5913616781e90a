"""Backup and restore: one archive with every row and every file, the same for SQLite and PostgreSQL.

Rows are read in one transaction, so the copy is of one moment although people go on working. Files are named by their
content and never change, so copying them after the rows gives at least all that the rows name.
"""

import base64
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
from flask import current_app
from sqlalchemy import Table, func, select, text

from app.infra.db import db, transact

FORMAT = 1
BATCH = 1000


class NotRestorableError(Exception):
    """The archive cannot be brought back here; the text says why."""


def write(target: Path) -> str:
    """Write the archive (tar.gz) to `target`, complete or not at all. Returns a line that says what it holds."""
    part = target.with_name(target.name + ".part")
    rows = 0
    with tarfile.open(part, "w:gz", compresslevel=3) as archive, db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
        about = {"format": FORMAT, "revision": revision, "made_at": datetime.now(UTC).isoformat()}
        _add(archive, "about.json", json.dumps(about).encode())
        for table in db.metadata.sorted_tables:
            with tempfile.TemporaryFile() as lines:
                for row in connection.execute(select(table).execution_options(yield_per=BATCH)):
                    lines.write(json.dumps([_plain(value) for value in row], ensure_ascii=False).encode() + b"\n")
                    rows += 1
                header = tarfile.TarInfo(f"rows/{table.name}.jsonl")
                header.size = lines.tell()
                lines.seek(0)
                archive.addfile(header, lines)
        files = _copy_files(archive)
    part.replace(target)
    return f"{rows} rows and {files} files in {target}"


def restore(source: Path, migrations: Path) -> str:
    """Bring the archive back into an empty installation: its schema, its rows, its files, then upgrade the schema.

    NotRestorableError where the database already holds people, or the archive is none of ours.
    """
    with tarfile.open(source, "r:gz") as archive:
        try:
            about = json.loads(_read(archive, "about.json"))
        except KeyError:
            raise NotRestorableError("This is not a Fieldbook backup.") from None
        if about["format"] != FORMAT:
            raise NotRestorableError("This backup was made by a newer version.")
        flask_migrate.upgrade(directory=str(migrations), revision=about["revision"])
        tables = {table.name: table for table in db.metadata.sorted_tables}
        if db.session.scalar(select(func.count()).select_from(tables["person"])):
            raise NotRestorableError("The database is not empty; restore into a new FIELDBOOK_DATA or database.")
        db.session.rollback()
        rows = transact(lambda: sum(_fill(archive, table) for table in db.metadata.sorted_tables))
        files = _put_files(archive)
    flask_migrate.upgrade(directory=str(migrations))
    return f"{rows} rows and {files} files restored"


def _fill(archive: tarfile.TarFile, table: Table) -> int:
    try:
        lines = archive.extractfile(f"rows/{table.name}.jsonl")
    except KeyError:
        return 0  # a table that came after the backup was made
    count = 0
    waiting: list[dict[str, Any]] = []
    for raw in lines or ():
        values = [
            _typed(value, column.type.python_type) for value, column in zip(json.loads(raw), table.columns, strict=True)
        ]
        waiting.append(dict(zip(table.columns.keys(), values, strict=True)))
        count += 1
        if len(waiting) == BATCH:
            db.session.execute(table.insert(), waiting)
            waiting = []
    if waiting:
        db.session.execute(table.insert(), waiting)
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date | datetime) else value


def _typed(value: Any, kind: type) -> Any:
    if value is None:
        return None
    if kind is UUID:
        return UUID(value)
    if kind is bytes:
        return base64.b64decode(value)
    return kind.fromisoformat(value) if kind in (date, datetime) else value


def _files() -> Iterator[Path]:
    data: Path = current_app.config["DATA"]
    for name in ("files", "imports"):
        yield from sorted(path for path in (data / name).rglob("*") if path.is_file())


def _copy_files(archive: tarfile.TarFile) -> int:
    data: Path = current_app.config["DATA"]
    count = 0
    for path in _files():
        archive.add(path, f"data/{path.relative_to(data)}")
        count += 1
    return count


def _put_files(archive: tarfile.TarFile) -> int:
    data: Path = current_app.config["DATA"]
    count = 0
    for member in archive.getmembers():
        if member.name.startswith("data/") and member.isfile():
            member.name = member.name.removeprefix("data/")
            archive.extract(member, data, filter="data")
            count += 1
    return count


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    return member.read() if member else b""


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(content)
    archive.addfile(header, io.BytesIO(content))
