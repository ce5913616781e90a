"""The database: column types, the session, and the one wrapper inside which every write runs.

SQLite (through pysqlite3, which bundles a version without the WAL corruption bug) and PostgreSQL behave alike here:
a write sees a serialisable world, waits its turn, and is run again where the engine asks for it.
"""

import fcntl
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import UUID

import pysqlite3.dbapi2
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, LargeBinary, MetaData, Row, Select, Uuid, event, inspect
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from app.kernel.ids import new_id

T = TypeVar("T")
# All statements are short: starting parallel workers or a compiler took ten times as long as the work itself.
POSTGRES_OPTIONS = "-c max_parallel_workers_per_gather=0 -c jit=off"
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]
CONNECTIONS = 32  # at once, one for each thread of the web server; a quarter of them stays open
PATIENCE = 10.0  # seconds that work is tried again
_TRANSIENT = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, lock not available
_writing: ContextVar[bool] = ContextVar("writing", default=False)
_threads = threading.Lock()


class TryAgainError(Exception):
    """Raised by work that met the same work running beside it: `transact` runs it once more."""


class Id(TypeDecorator[UUID]):
    """A UUID: 16 bytes on SQLite (185 B a row instead of 277), native on PostgreSQL."""

    impl = LargeBinary(16)
    cache_ok = True

    @property
    def python_type(self) -> type[UUID]:
        return UUID

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return value if value is None or isinstance(value, UUID) else UUID(bytes=value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """As above, asked once for a column and not for each value of it."""
        if dialect.name == "postgresql":
            return None  # psycopg gives UUIDs
        return lambda value: None if value is None else UUID(bytes=value)


class IdText(Id):
    """An id that is only printed: as text at once, at a quarter of the cost. `type_coerce(Account.id, IdText)`."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return str if dialect.name == "postgresql" else _id_text


def _id_text(value: bytes) -> str:
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Utc(TypeDecorator[datetime]):
    """An aware moment in UTC. Naive values are refused: nobody could say when they were."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All tables. Python types carry the column types, so that models read as plain annotations."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={UUID: Id, datetime: Utc},
    )


db = SQLAlchemy(model_class=Base)
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model  # Flask-SQLAlchemy makes it at run time; type checkers see the declared base


def id_column() -> Mapped[UUID]:
    """The primary key of a row: a UUIDv7, given by the phone or made here."""
    return mapped_column(Id, primary_key=True, default=new_id)


def connect_to(app: Flask, url: str, data: Path) -> None:
    """Configure the one database of this organisation.

    `url` empty: the SQLite file fieldbook.sqlite in `data`; else a PostgreSQL address of the form postgresql://...
    """
    if not url:
        data.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{data.resolve() / 'fieldbook.sqlite'}"
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    app.config["SQLALCHEMY_DATABASE_URI"] = parsed.render_as_string(hide_password=False)
    pool = {"pool_size": CONNECTIONS // 4, "max_overflow": CONNECTIONS - CONNECTIONS // 4}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = pool | (
        {"module": pysqlite3.dbapi2, "connect_args": {"timeout": 5, "check_same_thread": False}}
        if parsed.get_backend_name() == "sqlite"
        else {"pool_pre_ping": True, "connect_args": {"options": POSTGRES_OPTIONS}}
    )
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _tune_sqlite(db.engine, app.config.get("SQLITE_SYNCHRONOUS", "FULL"))


def _tune_sqlite(engine: Engine, synchronous: str) -> None:
    """WAL, foreign keys, and transactions that say at BEGIN whether they will write (a late upgrade fails at once)."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", f"synchronous={synchronous}"):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Any) -> None:
        connection.execute("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")

    # Where the driver itself begins nothing. As an event of the engine it would slow down every statement.
    engine.dialect.do_begin = begin  # type: ignore[assignment,method-assign]


def has_tables() -> bool:
    """Whether the migrations have run at least once."""
    return inspect(db.engine).has_table("alembic_version")


@contextmanager
def _turn(attempt: int) -> Iterator[None]:
    """Wait for the right to write: SQLite's own busy handler is unfair, so threads and processes queue before it.

    On PostgreSQL all write at once; who was refused and tries again goes one by one, or eight who want the next number
    would refuse each other until none has a try left.
    """
    engine = db.engine
    if engine.dialect.name != "sqlite":
        with _threads if attempt > 1 else nullcontext():
            db.session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
            yield
        return
    with _threads:
        if not engine.url.database:
            yield
            return
        with Path(f"{engine.url.database}-turn").open("a") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield


def fetch(statement: AnySelect, **params: Any) -> Sequence[AnyRow]:
    """All rows of columns (never of models), read past the ORM, which has nothing to do there but takes half the time.

    Sees what the session has written where a transaction of it runs; else it needs none. A page that is asked often
    keeps its statement (lru_cache, with bindparam for what differs) and names the `params`.
    """
    if _writing.get() or (db.session.registry.has() and db.session().in_transaction()):
        return db.session.connection().execute(statement, params).all()
    with db.engine.connect() as connection:
        return connection.execute(statement, params).all()


def is_transient(error: BaseException) -> bool:
    """Whether the same work, run again, may succeed: the engine only asked to wait or to retry."""
    driver = error.orig if isinstance(error, DBAPIError) else error  # BEGIN on SQLite goes past SQLAlchemy
    if isinstance(driver, pysqlite3.dbapi2.OperationalError):  # type: ignore[attr-defined] # it comes by an asterisk
        return "database is locked" in str(driver) or "is busy" in str(driver)
    return isinstance(error, TryAgainError) or getattr(driver, "sqlstate", None) in _TRANSIENT


def transact(work: Callable[[], T], *, keep: Callable[[T], bool] = lambda _: True) -> T:
    """Run `work` in a transaction and commit it: the only way to write.

    Work may run several times (serialisation failure, deadlock, busy), so it must do nothing but database work and
    idempotent file writes. Where `keep(result)` is false, the result is returned and everything is rolled back.
    Nested calls join the outer transaction.
    """
    if _writing.get():
        return work()
    token = _writing.set(True)
    try:
        end = time.monotonic() + PATIENCE
        for attempt in count(1):
            db.session.rollback()
            try:
                with _turn(attempt):
                    try:
                        result = work()
                        if keep(result):
                            db.session.commit()
                        return result
                    finally:  # before the next one's turn
                        db.session.rollback()
            except BaseException as error:
                if time.monotonic() > end or not is_transient(error):
                    raise
                time.sleep(random.uniform(0.01, 0.05) * min(attempt, 6))  # noqa: S311 - spreads retries, guards nothing
        raise AssertionError("unreachable")
    finally:
        _writing.reset(token)
