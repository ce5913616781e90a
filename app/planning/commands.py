"""Plans from the command line: a day in a file, without a database."""

import json
from pathlib import Path

import click


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
