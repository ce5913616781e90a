"""What is said about a visit after it: a manager accepts it or asks, its rep answers. Rows are only added."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.chain.actions import link
from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, NotFoundError, StaleError
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.reviews.events import VisitReviewed
from app.reviews.facts import REVIEWED, of_review
from app.reviews.models import Review
from app.reviews.queries import find_review, get_reviewed, list_reviewed, list_said
from app.reviews.rules import LONGEST_TEXT, Standing, check_review, may_answer
from app.visits.models import Visit
from app.visits.queries import find_check_in, get_own_visit

TOO_LONG = N_("That is too long: at most %(number)s characters.")


def review_visit(
    actor: Actor, visit_id: UUID, row_id: UUID, kind: Standing, text: str, seen: str | None, now: datetime
) -> Review:
    """Accept somebody's check-in, or query it with a question.

    `seen`: the id of the last thing said that the actor saw, '' where nothing was, None asks for no check. StaleError
    where something was said since, unless it says the same: who accepts what is accepted adds nothing.
    """
    must(actor, P.VISITS_TEAM)
    visit = get_reviewed(actor, visit_id)
    known = _known(actor, row_id, visit)
    if known is not None:
        return known
    if find_check_in(visit.id) is None:
        raise InvalidError("", N_("Nobody has checked in there yet."))
    said = list_said(visit.id)
    last = said[-1] if said else None
    if not check_review(kind, text, Standing(last.kind) if last else None) and last is not None:
        return last
    if seen is not None and seen != (str(last.id) if last else ""):
        raise StaleError(len(said))
    return _say(actor, visit.id, visit.rep_id, row_id, kind, text, now)


def accept_visits(actor: Actor, given: Sequence[tuple[UUID, str]], now: datetime) -> tuple[int, int]:
    """Accept several visits at once, each with what was `seen` of it as above. Returns how many are accepted by this,
    and how many are not because something was said since. NotFoundError where one is none that the actor reviews."""
    must(actor, P.VISITS_TEAM)
    seen = dict(given)
    rows = list_reviewed(actor, seen)
    if len(rows) != len(seen):
        raise NotFoundError
    accepted = changed = 0
    for row in rows:
        if row.last_kind == Standing.ACCEPTED:
            continue
        if seen[row.id] != (str(row.last_id) if row.last_id else ""):
            changed += 1
            continue
        _say(actor, row.id, row.rep_id, new_id(), Standing.ACCEPTED, "", now)
        accepted += 1
    return accepted, changed


def answer_review(actor: Actor, visit_id: UUID, row_id: UUID, text: str, now: datetime) -> Review:
    """Say what there is to say to a query of one's own visit; also late, and after it was decided."""
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    known = _known(actor, row_id, visit)
    if known is not None:
        return known
    if not may_answer(Standing(each.kind) for each in list_said(visit.id)):
        raise InvalidError("", N_("Nobody has asked about this visit."))
    if not text:
        raise InvalidError("text", N_("Write your answer."))
    return _say(actor, visit.id, visit.rep_id, row_id, Standing.ANSWERED, text, now)


def _known(actor: Actor, row_id: UUID, visit: Visit) -> Review | None:
    known = find_review(row_id)
    if known is not None and (known.visit_id, known.person_id) != (visit.id, actor.id):
        raise NotFoundError
    return known


def _say(
    actor: Actor, visit_id: UUID, rep_id: UUID, row_id: UUID, kind: Standing, text: str, now: datetime
) -> Review:  # fmt: skip
    if len(text) > LONGEST_TEXT:
        raise InvalidError("text", TOO_LONG, {"number": LONGEST_TEXT})
    review = Review(
        id=row_id, visit_id=visit_id, rep_id=rep_id, person_id=actor.person_id, at=now, kind=kind.value, text=text
    )
    db.session.add(review)
    record(actor, VisitReviewed(visit_id, review_id=row_id, kind=kind.value), now)
    db.session.flush()
    link(rep_id, REVIEWED, row_id, of_review(review), now)
    return review
