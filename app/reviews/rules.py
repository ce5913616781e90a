"""How a visit stands between its rep and whoever reviews it. A pure reading of rows that are only ever added.

A manager accepts a check-in or queries it; the rep answers; the manager decides again. The last row by the time at
which it was written counts, so an answer that a phone sends late does not undo what was decided after it. Neither facts
nor verdict change by any of it.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.visits.rules import Verdict

LONGEST_TEXT = 1000  # characters
REVIEWED_WITHIN = timedelta(days=60)  # what nobody doubted for so long, nobody is reminded of
INNOCENT = ("late_arrival", "within_radius", "within_accuracy", "near_other_place")
"""Findings that are no reason to look: a phone without signal, and what speaks for the rep beside another doubt."""
DOUBTFUL = (Verdict.OFF_SITE, Verdict.UNCERTAIN, Verdict.NO_POSITION)  # verdicts that somebody should look at


class Standing(StrEnum):
    """The kinds of rows; the last one's is how the visit stands."""

    ACCEPTED = "accepted"
    QUERIED = "queried"
    ANSWERED = "answered"


STANDING_NAMES = {
    Standing.ACCEPTED: N_("Accepted"),
    Standing.QUERIED: N_("Queried"),
    Standing.ANSWERED: N_("Answered"),
}
STANDING_TONES = {Standing.ACCEPTED: "ok", Standing.QUERIED: "warn", Standing.ANSWERED: "accent"}


def check_review(kind: Standing, text: str, last: Standing | None) -> bool:
    """Whether this decision says anything new. InvalidError at `text` for a query without a question."""
    if kind is Standing.QUERIED and not text:
        raise InvalidError("text", N_("Write what you want to know."))
    return kind is not Standing.ACCEPTED or last is not Standing.ACCEPTED or bool(text)


def may_answer(kinds: Iterable[Standing]) -> bool:
    """Whether the rep has been asked. An answer to what was accepted meanwhile is kept all the same."""
    return Standing.QUERIED in kinds


def awaits_answer(standing: Standing | None) -> bool:
    """Whether the rep is offered to answer: asked, or answered and not decided yet."""
    return standing in (Standing.QUERIED, Standing.ANSWERED)
