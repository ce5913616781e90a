"""The map from the command line."""

import click
from flask.cli import AppGroup

from app.accounts import mapped
from app.infra.db import transact
from app.visits import points

map_group = AppGroup("map", help="The visit map.")


@map_group.command("rebuild")
def rebuild() -> None:
    """Count anew what the map shows: the points of all visits, then the cells of places and visits.

    While people work it may run too; nobody sees half of it.
    """
    points.locate_all(lambda done, total: click.echo(f"points {done}/{total}", err=True))
    for layer, count_anew in ((mapped.LAYER, mapped.count_anew), (points.LAYER, points.count_anew)):
        click.echo(f"{layer}: {transact(count_anew)} on the map")
