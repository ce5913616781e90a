"""Visits from the command line: judging a file of fixes without a database."""

import json
import os
import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from app.visits.plausibility import Watch
from app.visits.traces import TraceError, readings_of

UNREADABLE = "unreadable"  # the reason of a row that is no fix; it disturbs no other

visits = AppGroup("visits", help="Visits and the evidence for them.")


@visits.command("judge")
@click.argument("file", type=click.Path(path_type=Path))
def judge_command(file: Path) -> None:
    """Judge the fixes of one device in FILE: a CSV with time, lat, lon (and accuracy, speed, arrived), or GPX.

    In the file's order, a line {"row": n, "reasons": [...]} for each fix; no reasons: plausible.
    """
    watch, out = Watch(), sys.stdout
    try:
        with file.open("rb") as opened:
            for number, reading in enumerate(readings_of(opened), 1):
                reasons = [UNREADABLE] if reading is None else [each.reason.value for each in watch.judge(reading)]
                out.write(json.dumps({"row": number, "reasons": reasons}) + "\n")
        out.flush()
    except BrokenPipeError:
        # Who read has read enough. What is still to be flushed at the end goes nowhere, without a complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    except TraceError as error:
        out.flush()
        raise click.ClickException(f"{file}: {error}.") from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or error}.") from None
