"""People from the command line: the first administrator of a production."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from app.identity.administration import add_administrator
from app.identity.rules import SHORTEST_PASSWORD
from app.infra.db import has_tables, transact
from app.kernel.errors import InvalidError

people = AppGroup("people", help="People who sign in.")


@people.command("add-admin")
@click.argument("email")
@click.option("--name", default="", help="Shown to colleagues; by default the part before the @.")
@click.option("--password", default=None, help="Asked for where it is not given.")
@click.option("--language", default="en", type=click.Choice(["en", "zh_Hans", "zh_Hant"]))
@click.option("--zone", default="Asia/Shanghai", help="IANA time zone of the company.")
@click.option("--currency", default="CNY", help="ISO 4217 currency of the company.")
def add_admin(email: str, name: str, password: str | None, language: str, zone: str, currency: str) -> None:
    """Make an administrator EMAIL (and, at the first time, the company around it)."""
    if not has_tables():
        raise click.ClickException("The database has no tables yet: run `make serve` first.")
    if password is None:
        password = click.prompt(
            f"Password (at least {SHORTEST_PASSWORD} characters)", hide_input=True, confirmation_prompt=True
        )
    try:
        transact(
            lambda: add_administrator(
                email, name or email.partition("@")[0], password, language, zone, currency, datetime.now(UTC)
            )
        )
    except InvalidError as error:
        raise click.ClickException(error.reason % (error.params or {})) from None
    click.echo(f"{email} can sign in now.")
