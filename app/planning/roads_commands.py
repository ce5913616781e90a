"""Roads from the command line: making travel times of an OpenStreetMap extract."""

from pathlib import Path

import click
from flask.cli import AppGroup

from app.infra.road_import import RoadsRefusedError, import_roads
from app.infra.road_times import folder, imported

roads = AppGroup("roads", help="The roads that travel times are made of.")

_EVERY_PERCENT = 10


@roads.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Use the roads of FILE, an OpenStreetMap extract (.osm.pbf), from now on.

    Everything may run meanwhile: new roads are used from the next plan on, without a restart. If it fails, or is
    ended, the roads in use stay.
    """
    told: dict[str, int] = {}

    def say(step: str, percent: int | None) -> None:
        if percent is None or percent == 0 or percent >= told.get(step, 0) + _EVERY_PERCENT:
            click.echo(f"{step} …" + (f" {percent} %" if percent else ""), err=True)
            told[step] = percent or 0

    try:
        what = import_roads(file, folder(), say)
    except RoadsRefusedError as refusal:
        raise click.ClickException(str(refusal)) from None
    as_of = f" as of {what.as_of}" if what.as_of else ""
    click.echo(f"The roads of {what.file}{as_of} are in use. {what.attribution}")


@roads.command("show")
def show_command() -> None:
    """Say which roads are in use."""
    what = imported()
    if what is None:
        click.echo("No roads were imported: travel times are an estimate.")
    else:
        as_of = f" as of {what.as_of}" if what.as_of else ""
        click.echo(f"{what.file}{as_of}, imported {what.imported_at[:16].replace('T', ' ')} UTC. {what.attribution}")
