"""Visits from the command line: judging a file of fixes without a database, and verifying the chains."""

import json
import os
import sys
from pathlib import Path
from typing import TextIO
from uuid import UUID

import click
from flask.cli import AppGroup

from app.chain.plugs import linked
from app.chain.queries import Chain, find_unlinked, walk
from app.fixes.importing import TraceError, readings_of
from app.fixes.rules import Watch
from app.kernel.ids import parse_id

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


@visits.command("verify")
@click.option("--heads", type=click.File("r"), help="Earlier output of this command: its chains must be in today's.")
def verify_command(heads: TextIO | None) -> None:
    """Walk every rep's chain and compare it with the visits. A line for each: the rep's id, how many links hold, the
    hash of the last, the name. The first broken link of a chain is named, and then the command ends with 1.

    Keep the output elsewhere: with --heads it also shows whether a chain was cut off or written anew since.
    """
    wrong = 0
    known = _heads_in(heads) if heads else {}
    for chain in walk(linked(), known):
        click.echo(f"{chain.rep_id} {chain.links} {chain.head or '-'} {chain.name}")
        known.pop(chain.rep_id, None)
        wrong += _complain(chain)
    for rep_id in known:
        wrong += 1
        click.echo(f"BROKEN {rep_id}: its chain is gone.", err=True)
    for rep_id, found in find_unlinked(linked()):
        wrong += 1
        click.echo(f"BROKEN {rep_id}: {found.kind} of {found.subject_id}: {found.wrong}.", err=True)
    if wrong:
        raise click.exceptions.Exit(1)


def _complain(chain: Chain) -> bool:
    broken = chain.broken
    if broken is None:
        return False
    what = f"link {broken.number} ({broken.kind} of {broken.subject_id})"
    click.echo(f"BROKEN {chain.rep_id} ({chain.name}), {what}: {broken.wrong}.", err=True)
    return True


def _heads_in(file: TextIO) -> dict[UUID, tuple[int, str]]:
    """Rep -> (number, hash) of the ends that an earlier output of `visits verify` tells."""
    heads = {}
    for number, text in enumerate(file, 1):
        words = text.split(maxsplit=3)
        rep_id = parse_id(words[0]) if words else None
        if rep_id is None or len(words) < 3 or not words[1].isdecimal():
            raise click.ClickException(f"{file.name}, line {number}: this is no output of visits verify.")
        if int(words[1]):
            heads[rep_id] = (int(words[1]), words[2])
    return heads
