"""Setting how often customers are to be visited, and when they wish it."""

from datetime import datetime
from uuid import UUID

from app.accounts.models import Account, ClassRhythm
from app.accounts.queries import get_account
from app.accounts.rules import NO_PLAN, RATINGS, check_interval, written_wish
from app.coverage.events import AccountRhythmSaved, ClassRhythmSaved
from app.coverage.queries import find_class_rhythm
from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import NotFoundError, must_match


def save_class_rhythm(
    actor: Actor, rating: str, days: int | None, wish: str, version: int | None, now: datetime
) -> ClassRhythm:
    """Every so many `days` (None: no plan) for all accounts of the class that have no rhythm of their own; `wish` as
    people write it. `version` is 0 where nobody has set the class yet. InvalidError at `every` or `wish`."""
    must(actor, P.COVERAGE_MANAGE)
    if rating not in RATINGS:
        raise NotFoundError
    row = find_class_rhythm(rating)
    must_match(version, row.version if row else 0)
    check_interval(days)
    wish = written_wish(wish)
    if row is None:
        row = ClassRhythm(rating=rating, days=days, wish=wish)
        db.session.add(row)
    else:
        row.days, row.wish, row.version = days, wish, row.version + 1
    db.session.flush()
    record(actor, ClassRhythmSaved(row.id, rating=rating, days=days, wish=wish), now)
    return row


def save_account_rhythm(
    actor: Actor, account_id: UUID, days: int | None, wish: str, version: int | None, now: datetime
) -> Account:
    """The account's own `days` (None: as its class, NO_PLAN) and `wish`. Whoever may not manage coverage says the wish
    only: the days stay. InvalidError at `every` or `wish`."""
    must(actor, P.ACCOUNTS_WRITE)
    account = get_account(actor, account_id)
    must_match(version, account.version)
    wish = written_wish(wish)
    if not actor.may(P.COVERAGE_MANAGE):
        days = account.visit_days
    elif days != NO_PLAN:
        check_interval(days)
    if (account.visit_days, account.visit_wish) != (days, wish):
        account.visit_days, account.visit_wish = days, wish
        account.version += 1
        db.session.flush()
        record(actor, AccountRhythmSaved(account.id, days=days, wish=wish), now)
    return account
