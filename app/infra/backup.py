"""Backup and restore: one archive with every row and every file, the same for SQLite and PostgreSQL.

A gzipped tar: about.json (format, revision of the schema, tables with their columns and kinds), then
rows/<table>/<n>.jsonl, then data/files/... and data/imports/... It is written and read from front to back, a batch at a
time, and says itself what its columns are, so that a later version with other models can still read it. The secret is
not in it: whoever finds a backup cannot make sessions, and after a restore everybody signs in again.

Rows are read in one transaction, so the copy is of one moment although people go on working. Files are named by their
content and never change, so copying them after the rows gives at least all that the rows name.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import flask_migrate
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import JSON, Boolean, Connection, Date, LargeBinary, TableClause, column, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

from app.infra.db import Id, Utc, db, has_tables, is_transient, transact

FORMAT = 1
BATCH = 1000
FOLDERS = ("files", "imports")  # below FIELDBOOK_DATA
_VERSIONS = "alembic_version"
_CONTENT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")  # the name of a stored file: its SHA-256

_KINDS: dict[str, TypeEngine[Any]] = {
    "uuid": Id(),
    "moment": Utc(),
    "day": Date(),
    "bytes": LargeBinary(),
    "truth": Boolean(),
    "json": JSON(),
}
"""Kind of a column in the archive -> how it is stored; numbers and texts are "plain": what JSON makes of them."""
_READ: dict[str, Callable[[Any], Any]] = {
    "uuid": UUID,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "bytes": base64.b64decode,
}


class NoBackupError(Exception):
    """No archive can be made; the text says why."""


class NotRestorableError(Exception):
    """The archive cannot be brought back here; the text says why."""


def write(target: Path) -> str:
    """Write the archive to `target`, complete or not at all, readable by its owner only. Returns what it holds.

    NoBackupError where there is no database yet or `target` is there already (a backup never replaces another file),
    OSError where it cannot be written.
    """
    if target.exists():
        raise NoBackupError(f"{target} is there already; a backup replaces no file.")
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            with (
                gzip.open(out, "wb", compresslevel=3) as packed,
                tarfile.open(fileobj=packed, mode="w|") as archive,
                db.engine.connect() as connection,
            ):
                rows = _copy_rows(archive, connection)
                files = sum(_copy_file(archive, path) for path in _files())
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return f"{rows} rows and {files} files in {target}"


def restore(source: Path, migrations: Path) -> str:
    """Bring the archive back into an empty installation: its schema, its rows, its files, then upgrade the schema.

    All or nothing as for rows; files that came before an error stay, which harms nobody. NotRestorableError where the
    database holds anything or has another schema, or the archive is damaged or none of ours.
    """
    try:
        about = _about(source)
        _make_schema(about["revision"], migrations)
        rows, files = transact(lambda: _read_all(source, about["tables"]))
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise NotRestorableError(f"This file is damaged, or no Fieldbook backup at all ({error}).") from error
    except (KeyError, TypeError, ValueError, SQLAlchemyError) as error:
        if is_transient(error):
            raise
        reason = str(getattr(error, "orig", error)) or type(error).__name__
        raise NotRestorableError(f"What this backup holds does not fit: {reason}") from error
    flask_migrate.upgrade(directory=str(migrations))
    return f"{rows} rows and {files} files restored"


# --- Writing ---------------------------------------------------------------------------------------------------------


def _copy_rows(archive: tarfile.TarFile, connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    if not has_tables():
        raise NoBackupError("There is nothing to back up: the database has no tables yet.")
    tables = db.metadata.sorted_tables
    about = {
        "format": FORMAT,
        "revision": connection.scalar(text(f"SELECT version_num FROM {_VERSIONS}")),
        "made_at": datetime.now(UTC).isoformat(),
        "tables": {each.name: {c.name: _kind(c.type) for c in each.columns} for each in tables},
    }
    _add(archive, "about.json", json.dumps(about).encode())
    count = 0
    for each in tables:
        result = connection.execute(select(each).execution_options(yield_per=BATCH))
        for number, rows in enumerate(result.partitions(BATCH)):
            lines = [json.dumps([_plain(value) for value in row], ensure_ascii=False) for row in rows]
            # a lone surrogate in somebody's import must not spoil the night's backup; json.loads reads it back
            _add(archive, f"rows/{each.name}/{number:06}.jsonl", "\n".join(lines).encode("utf-8", "surrogatepass"))
            count += len(lines)
    return count


def _files() -> Iterator[Path]:
    data: Path = current_app.config["DATA"]
    for name in FOLDERS:
        yield from sorted(path for path in (data / name).rglob("*") if path.is_file())


def _copy_file(archive: tarfile.TarFile, path: Path) -> bool:
    """Copy one file; False for one that is only being written, or just got its final name."""
    name = path.relative_to(current_app.config["DATA"])
    unfinished = name.name.startswith(".") or name.suffix == ".part"
    if unfinished or (name.parts[0] == "files" and not _CONTENT.fullmatch("/".join(name.parts[1:]))):
        return False
    try:
        with path.open("rb") as content:
            header = tarfile.TarInfo(f"data/{name.as_posix()}")
            header.size, header.mtime = os.fstat(content.fileno()).st_size, int(path.stat().st_mtime)
            archive.addfile(header, content)
    except FileNotFoundError:
        return False
    return True


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(content)
    archive.addfile(header, io.BytesIO(content))


def _kind(type_: TypeEngine[Any]) -> str:
    return next((kind for kind, stored in _KINDS.items() if isinstance(type_, type(stored))), "plain")


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date | datetime) else value


# --- Reading ---------------------------------------------------------------------------------------------------------


def _members(source: Path) -> Generator[tuple[str, IO[bytes]], None, None]:
    """(name, readable) of each file in the archive, from front to back; whatever is no plain file is passed over.

    Damaged or cut off: gzip.BadGzipFile, zlib.error, EOFError or tarfile.TarError, at the latest after the last file.
    """
    with gzip.open(source, "rb") as packed:
        with tarfile.open(fileobj=packed, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    yield member.name, content
        while packed.read(1 << 20):  # to the checksum at the end
            pass


def _about(source: Path) -> dict[str, Any]:
    with closing(_members(source)) as members:  # what is read ends with its members
        name, content = next(members, ("", io.BytesIO()))
        if name != "about.json":
            raise NotRestorableError("This is not a Fieldbook backup.")
        about: dict[str, Any] = json.loads(content.read())
    if about["format"] != FORMAT:
        raise NotRestorableError(f"This backup has format {about['format']}; this version reads format {FORMAT}.")
    return about


def _make_schema(revision: str, migrations: Path) -> None:
    """Give the empty database the schema that the backup was made from."""
    if revision not in {each.revision for each in ScriptDirectory(str(migrations)).walk_revisions()}:
        raise NotRestorableError("This backup was made by a newer version of Fieldbook; get that first.")
    with db.engine.connect() as connection:
        present = connection.scalar(text(f"SELECT version_num FROM {_VERSIONS}")) if has_tables() else None
    if present is None:
        flask_migrate.upgrade(directory=str(migrations), revision=revision)
    elif present != revision:
        raise NotRestorableError("The database has the tables of another version; restore into a new one.")


def _read_all(source: Path, tables: dict[str, dict[str, str]]) -> tuple[int, int]:
    """Fill the empty database from the archive, and put its files where they were. Counts of rows and files."""
    connection = db.session.connection()
    known = set(inspect(connection).get_table_names()) - {_VERSIONS}
    if "job" in known:  # what the worker schedules by itself is nobody's content
        connection.execute(text("DELETE FROM job WHERE once IS NOT NULL"))
    for name in sorted(known):
        if connection.execute(select(text("1")).select_from(table(name)).limit(1)).first():
            raise NotRestorableError("The database is not empty; restore into a new FIELDBOOK_DATA or database.")
    rows = files = 0
    for name, content in _members(source):
        folder, _, rest = name.partition("/")
        if folder == "rows":
            table_name = rest.partition("/")[0]
            if table_name not in known:
                raise NotRestorableError(f"This backup holds a table that does not belong to it: {table_name}")
            rows += _fill(connection, _table(table_name, tables[table_name]), tables[table_name], content)
        elif folder == "data":
            _put_file(rest, content)
            files += 1
    return rows, files


def _table(name: str, kinds: dict[str, str]) -> TableClause:
    return table(name, *(column(each, _KINDS.get(kind)) for each, kind in kinds.items()))


def _fill(connection: Connection, into: TableClause, kinds: dict[str, str], lines: IO[bytes]) -> int:
    waiting = []
    for line in lines:
        values = zip(kinds.items(), json.loads(line), strict=True)
        waiting.append(
            {name: value if value is None else _READ.get(kind, _same)(value) for (name, kind), value in values}
        )
    if waiting:  # without values, a row of defaults would be made
        connection.execute(into.insert(), waiting)
    return len(waiting)


def _same(value: Any) -> Any:
    return value


def _put_file(name: str, content: IO[bytes]) -> None:
    """Write a file below FIELDBOOK_DATA under the name it had there; nowhere else, and only what its name promises."""
    folder, _, rest = name.partition("/")
    inside = folder in FOLDERS and all(part not in ("", ".", "..") for part in rest.split("/")) and "\\" not in rest
    if not inside or (folder == "files" and not _CONTENT.fullmatch(rest)):
        raise NotRestorableError(f"This backup holds a file that does not belong to it: {name}")
    target: Path = current_app.config["DATA"] / folder / rest
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.restored")
    digest = hashlib.sha256()
    try:
        with part.open("wb") as out:
            while block := content.read(1 << 20):
                digest.update(block)
                out.write(block)
        if folder == "files" and digest.hexdigest() != rest.replace("/", ""):
            raise NotRestorableError(f"This backup is damaged: {name} is not what it was.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
