"""Ways to people, teams and the company."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, RowMapping, func, or_, select

from app.identity.models import Company, Device, FailedSignIn, Person, Team
from app.identity.permissions import ROLES, P
from app.identity.rules import (
    DEVICE_LASTS,
    GUESS_WINDOW,
    Branch,
    DeviceState,
    device_state,
    fold_email,
    team_and_below,
    tree_of,
)
from app.infra.db import AnySelect, db, fetch
from app.infra.journal import JournalEntry
from app.infra.looks import Look
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach, must
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset

MOST_DEVICES = 100  # of a person, that a list shows


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


def find_with_device(person_id: UUID, device_id: UUID) -> tuple[Person, Device] | None:
    """The person and that device of theirs, in one statement; None where they do not belong together."""
    both = select(Person, Device).join(Device, Device.person_id == Person.id)
    row = db.session.execute(both.where(Person.id == person_id, Device.id == device_id)).first()
    return (row[0], row[1]) if row else None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as a list shows it."""

    id: UUID
    name: str
    created_at: datetime
    seen_at: datetime
    state: DeviceState


def list_devices(actor: Actor, person_id: UUID, now: datetime) -> list[DeviceRow]:
    """The devices of oneself, or for administrators of anybody, that signed in of late (DEVICE_LASTS): first those that
    are signed in, then by when they were last seen."""
    must(actor, P.PROFILE_OWN if person_id == actor.id else P.PEOPLE_MANAGE)
    is_gone = or_(Device.ended_at.is_not(None), Device.revoked_at.is_not(None))
    found = db.session.execute(
        select(Device.id, Device.name, Device.created_at, Device.seen_at, Device.ended_at, Device.revoked_at)
        .where(Device.person_id == person_id, Device.created_at > now - DEVICE_LASTS)
        .order_by(is_gone, Device.seen_at.desc(), Device.id.desc())
        .limit(MOST_DEVICES)
    )
    return [
        DeviceRow(row.id, row.name, row.created_at, row.seen_at, device_state(
            row.created_at, row.ended_at, row.revoked_at, now
        ))
        for row in found
    ]  # fmt: skip


def actor_of(person: Person) -> Actor:
    """The actor with his reach read from the tree of teams."""
    _name, reach, permissions = ROLES[person.role]
    people = {person.id}
    if reach is Reach.TEAM:
        teams = team_and_below(person.team_id, team_parents())
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
    return fetch(_colleagues_of(actor))


@lru_cache(maxsize=256)
def _colleagues_of(actor: Actor) -> AnySelect:
    return (
        select(Person.id, Person.name)
        .where(belongs_to(actor, Person.id), Person.deactivated_at.is_(None))
        .order_by(Person.name)
    )


def get_self(actor: Actor) -> Person:
    """The actor's own person row."""
    person = db.session.get(Person, actor.person_id)
    if person is None:
        raise NotFoundError
    return person


def list_people(
    actor: Actor, text: str = "", role: str = "", team_id: UUID | None = None, page: int = 1, *, closed: bool = False
) -> Page:
    """People by name, for administrators: rows (id, name, email, phone, role, team, deactivated_at).

    `text` is a part of name, e-mail or phone; `team_id` takes the teams below it too; `closed`: those whose sign-in is.
    """
    must(actor, P.PEOPLE_MANAGE)
    rows = (
        select(
            Person.id,
            Person.name,
            Person.email,
            Person.phone,
            Person.role,
            Team.name.label("team"),
            Person.deactivated_at,
        )
        .join(Team, Team.id == Person.team_id)
        .where(Person.deactivated_at.is_not(None) if closed else Person.deactivated_at.is_(None))
    )
    for word in text.casefold().split()[:8]:
        columns = (func.lower(Person.name), Person.email, Person.phone)
        rows = rows.where(or_(*(column.contains(word, autoescape=True) for column in columns)))
    if role:
        rows = rows.where(Person.role == role)
    if team_id is not None:
        rows = rows.where(Person.team_id.in_(sorted(team_and_below(team_id, team_parents()))))
    found = db.session.execute(rows.order_by(Person.name, Person.id).limit(PAGE_SIZE + 1).offset(offset(page)))
    return Page.of(found.all(), page)


def team_parents() -> list[tuple[UUID, UUID | None]]:
    """(team, its parent) of all teams."""
    return [(team, parent) for team, parent in db.session.execute(select(Team.id, Team.parent_id))]


def find_tree(actor: Actor, without: UUID | None = None) -> tuple[Branch, ...]:
    """The tree of teams, for administrators; `without` leaves a team and all below it out."""
    must(actor, P.PEOPLE_MANAGE)
    return tree_of(
        ((team, name, parent) for team, name, parent in db.session.execute(select(Team.id, Team.name, Team.parent_id))),
        without,
    )


def count_by_team(actor: Actor) -> dict[UUID, int]:
    """How many active people each team has itself; teams without any are missing."""
    must(actor, P.PEOPLE_MANAGE)
    counted = select(Person.team_id, func.count()).where(Person.deactivated_at.is_(None)).group_by(Person.team_id)
    return {row[0]: row[1] for row in db.session.execute(counted)}


def count_by_role(actor: Actor) -> dict[str, int]:
    """How many active people each role has; roles without any are missing."""
    must(actor, P.PEOPLE_MANAGE)
    counted = select(Person.role, func.count()).where(Person.deactivated_at.is_(None)).group_by(Person.role)
    return {row[0]: row[1] for row in db.session.execute(counted)}


# --- What is stored about oneself --------------------------------------------------------------------------


def count_all(counted: Sequence[Any]) -> list[int]:
    """The numbers that these SELECTs give, in one statement."""
    return list(db.session.execute(select(*(each.scalar_subquery() for each in counted))).one()) if counted else []


def counted_looks(actor: Actor) -> Any:
    """How many hours of looks at the actor are written down."""
    return select(func.count()).select_from(Look).where(Look.about_id == actor.person_id)


def list_looks_at(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """(by, what, first_at, last_at, times) of the looks at the actor, the latest first."""
    rows = db.session.execute(
        select(Person.name.label("by"), Look.what, Look.first_at, Look.last_at, Look.times)
        .outerjoin(Person, Person.id == Look.person_id)
        .where(Look.about_id == actor.person_id)
        .order_by(Look.hour_at.desc(), Look.first_at.desc(), Look.person_id, Look.what)
        .limit(most)
        .offset(first)
    )
    return rows.mappings().all()


def counted_devices(actor: Actor) -> Any:
    """How many devices the actor signed in on, as long as they are remembered."""
    return select(func.count()).select_from(Device).where(Device.person_id == actor.person_id)


def list_own_devices(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """(name, created_at, seen_at, ended_at, revoked_at) of the actor's devices, the latest first."""
    rows = db.session.execute(
        select(Device.name, Device.created_at, Device.seen_at, Device.ended_at, Device.revoked_at)
        .where(Device.person_id == actor.person_id)
        .order_by(Device.created_at.desc(), Device.id)
        .limit(most)
        .offset(first)
    )
    return rows.mappings().all()


def counted_journal(actor: Actor) -> Any:
    """How many entries of the journal tell what the actor did."""
    return select(func.count()).select_from(JournalEntry).where(JournalEntry.person_id == actor.person_id)


def list_journal_of(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """(event, at, arrived_at, subject_id, facts) of what the actor did, the latest first."""
    rows = db.session.execute(
        select(
            JournalEntry.event, JournalEntry.at, JournalEntry.arrived_at, JournalEntry.subject_id, JournalEntry.facts
        )
        .where(JournalEntry.person_id == actor.person_id)
        .order_by(JournalEntry.at.desc(), JournalEntry.id.desc())
        .limit(most)
        .offset(first)
    )
    return rows.mappings().all()
