"""Alembic runs inside the application: the same engine, the same metadata."""

from alembic import context
from flask import current_app

db = current_app.extensions["migrate"].db


def migrate() -> None:
    """Run the migrations; on SQLite as batches (a table is copied) with foreign keys off, or children would be lost."""
    sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect() as connection:
        if sqlite:  # said to the driver: SQLAlchemy would begin a transaction, in which SQLite ignores it
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        try:
            _run(connection, sqlite)
        finally:
            connection.rollback()
            if sqlite:
                connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


def _run(connection, sqlite: bool) -> None:
    options = current_app.extensions["migrate"].configure_args
    context.configure(connection=connection, target_metadata=db.metadata, **{**options, "render_as_batch": sqlite})
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


migrate()
