"""Ways to people, teams and the company."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from app.identity.models import Company, FailedSignIn, Person, Team
from app.identity.permissions import ROLES
from app.identity.rules import GUESS_WINDOW, fold_email, team_and_below
from app.infra.db import db
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach
from app.kernel.errors import NotFoundError


def get_company() -> Company:
    """The organisation; NotFoundError before it is set up."""
    company = find_company()
    if company is None:
        raise NotFoundError
    return company


def find_company() -> Company | None:
    """The organisation, None before it is set up."""
    return db.session.scalar(select(Company))


def find_person_by_email(email: str) -> Person | None:
    """Whoever signs in with this address, active or not."""
    return db.session.scalar(select(Person).where(Person.email == fold_email(email)))


def find_actor(person_id: UUID) -> tuple[Actor, int] | None:
    """The actor that an active person is, and the version of his sessions."""
    person = db.session.get(Person, person_id)
    if person is None or person.deactivated_at is not None:
        return None
    return actor_of(person), person.session_version


def actor_of(person: Person) -> Actor:
    """The actor with his reach read from the tree of teams."""
    _name, reach, permissions = ROLES[person.role]
    people = {person.id}
    if reach is Reach.TEAM:
        teams = team_and_below(person.team_id, [(t, p) for t, p in db.session.execute(select(Team.id, Team.parent_id))])
        people |= set(db.session.scalars(select(Person.id).where(Person.team_id.in_(teams))))
    return Actor(
        person.id, person.name, person.role, permissions, reach, frozenset(people), person.zone, person.language,
        person.discount_limit,
    )  # fmt: skip


def count_failures(email: str, address: str, now: datetime) -> tuple[int, int]:
    """Failed sign-ins of late: for this e-mail, from this address."""
    recent = select(func.count()).select_from(FailedSignIn).where(FailedSignIn.at > now - GUESS_WINDOW)
    by_email = db.session.scalar(recent.where(FailedSignIn.email == fold_email(email))) or 0
    by_address = db.session.scalar(recent.where(FailedSignIn.address == address)) or 0
    return by_email, by_address


def list_colleagues(actor: Actor) -> Sequence[Row[*tuple[Any, ...]]]:
    """(id, name) of the active people whose rows the actor sees, by name: for owner and rep choices."""
    return db.session.execute(
        select(Person.id, Person.name)
        .where(belongs_to(actor, Person.id), Person.deactivated_at.is_(None))
        .order_by(Person.name)
    ).all()


def get_self(actor: Actor) -> Person:
    """The actor's own person row."""
    person = db.session.get(Person, actor.person_id)
    if person is None:
        raise NotFoundError
    return person
