"""Customers from the command line: importing a table without a person, a company or a worker."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from app.accounts.importing import ACCOUNTS
from app.infra.db import transact
from app.kernel.access import SYSTEM
from app.kernel.ids import new_id
from app.transfer.actions import Upload, request_import
from app.transfer.encodings import UnreadableError, decode
from app.transfer.jobs import carry_out
from app.transfer.problems import problem_path
from app.transfer.queries import find_run
from app.transfer.rules import plain_name, read, source_name

UNREADABLE = 2  # exit code, as for every other wrong argument

accounts = AppGroup("accounts", help="Customers.")


@accounts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
@click.option("--source", default="", help="What the ids in FILE belong to; by default its name.")
def import_command(file: Path, dry_run: bool, source: str) -> None:
    """Take in the customers of FILE, a CSV in any encoding; the same file again changes nothing.

    The last line is read=R created=C updated=U unchanged=N rejected=X. Rows with problems go into the folder
    FIELDBOOK_DATA/imports.
    """
    content, name = file.read_bytes(), plain_name(file.name)
    run_id = new_id()
    try:
        columns = read(decode(content).text).columns
        intake = ACCOUNTS.begin(SYSTEM, columns)
    except UnreadableError as error:
        click.echo(f"{file.name}: {error}", err=True)
        raise click.exceptions.Exit(UNREADABLE) from None
    upload = Upload.of(name, source_name(source, name), hashlib.sha256(content).hexdigest(), ACCOUNTS, intake)
    now = datetime.now(UTC)
    transact(lambda: request_import(SYSTEM, run_id, ACCOUNTS, upload, now, dry_run=dry_run, by_worker=False))
    tally = carry_out(run_id, SYSTEM, ACCOUNTS, content, lambda done, total: click.echo(f"{done}/{total}", err=True))
    run = find_run(run_id)
    if run is not None and run.problem_file:
        click.echo(f"{run.problems} problems: {problem_path(run.problem_file)}", err=True)
    click.echo(str(tally))
