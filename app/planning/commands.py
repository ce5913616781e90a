"""Planning from the command line: a day in a file, without a database; roads, made of an OpenStreetMap extract."""

import json
from pathlib import Path

import click
from flask.cli import AppGroup

from app.infra.road_import import RoadsRefusedError, import_roads
from app.infra.road_times import folder, imported

roads = AppGroup("roads", help="The roads that travel times are made of.")

_EVERY_PERCENT = 10


@click.command("plan-day")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--seconds", type=click.FloatRange(0.01, 60), help="Work for each engine.")
def plan_day(file: Path, seconds: float | None) -> None:
    """Plan the rep's day in FILE (JSON: travel, shift, start, end, accounts; lunch, max_stops), and print it as JSON.

    What cannot be planned has a reason each; only a FILE that is no such day ends with 1.
    """
    # The engines take half a second to load: only who plans pays it.
    from app.routing.dayfile import parse_day, write_day
    from app.routing.solver import SECONDS, plan

    try:
        problem = parse_day(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or error}.") from None
    except ValueError as error:  # DayFileError, or no UTF-8
        raise click.ClickException(f"{file}: {error}.") from None
    click.echo(json.dumps(write_day(problem, plan(problem, seconds or SECONDS))))


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
