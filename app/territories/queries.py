"""Ways to territories, to the accounts in them, and to their changes.

Whoever manages territories sees all of them and how many accounts they have; the accounts themselves only as far as
accounts are seen at all. What belongs to somebody beyond the actor's reach is not the actor's to change.
"""

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from app.accounts.models import Account, Place
from app.identity.models import Person, Team
from app.identity.permissions import P
from app.identity.queries import team_parents
from app.identity.rules import team_and_below
from app.infra.db import AnyRow, AnySelect, db, fetch
from app.infra.queue import Job
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach, must
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset
from app.territories.atlas import Atlas, Region
from app.territories.models import (
    Territory,
    TerritoryAccount,
    TerritoryChange,
    TerritoryChangeItem,
    TerritoryMove,
    TerritoryShape,
)
from app.territories.rules import HAND, Definition, Summary
from app.territories.shapes import Area, area_from

Lines = Sequence[AnyRow]
MOST_SAMPLED = 4000  # accounts that tell where the company is
MOST_KEPT = 6000  # outlines in memory
MOST_ATLASES = 3

# --- Territories --------------------------------------------------------------------------------------------

_DEFINED = (
    Territory.id, Territory.name, Territory.code, Territory.colour, Territory.owner_id, Territory.team_id,
    Territory.shape_id, Territory.rule, Territory.archived_at, Territory.version,
)  # fmt: skip


def _definition(row: AnyRow) -> Definition:
    return Definition(
        row.name, row.code, row.colour, row.owner_id, row.team_id, row.shape_id, row.rule, row.archived_at is not None
    )


def list_definitions(ids: Collection[UUID] | None = None) -> dict[UUID, Definition]:
    """What the live territories are; of `ids`, put away or not."""
    wanted = Territory.archived_at.is_(None) if ids is None else Territory.id.in_(list(ids))
    return {row.id: _definition(row) for row in db.session.execute(select(*_DEFINED).where(wanted))}


def has_territories() -> bool:
    """Whether there is any live territory."""
    return db.session.scalar(select(Territory.id).where(Territory.archived_at.is_(None)).limit(1)) is not None


def list_territories(actor: Actor) -> Lines:
    """Live territories by name: (id, name, code, colour, owner_id, team_id, owner, km2, rule, accounts); `owner` is the
    name of a person or a team. One statement."""
    must(actor, P.TERRITORIES_MANAGE)
    counted = (
        select(TerritoryAccount.territory_id, func.count().label("accounts"))
        .group_by(TerritoryAccount.territory_id)
        .subquery()
    )
    return fetch(
        select(
            Territory.id, Territory.name, Territory.code, Territory.colour, Territory.owner_id, Territory.team_id,
            func.coalesce(Person.name, Team.name).label("owner"), TerritoryShape.km2, Territory.rule,
            func.coalesce(counted.c.accounts, 0).label("accounts"),
        )
        .outerjoin(Person, Person.id == Territory.owner_id)
        .outerjoin(Team, Team.id == Territory.team_id)
        .outerjoin(TerritoryShape, TerritoryShape.id == Territory.shape_id)
        .outerjoin(counted, counted.c.territory_id == Territory.id)
        .where(Territory.archived_at.is_(None))
        .order_by(Territory.name, Territory.id)
    )  # fmt: skip


def count_accounts(actor: Actor) -> int:
    """How many live accounts there are, of whomever."""
    must(actor, P.TERRITORIES_MANAGE)
    return fetch(select(func.count()).select_from(Account).where(Account.archived_at.is_(None)))[0][0] or 0


def get_territory(actor: Actor, territory_id: UUID) -> AnyRow:
    """(the columns of a definition, version, owner, km2, corners) of a live territory; NotFoundError without one."""
    must(actor, P.TERRITORIES_MANAGE)
    row = db.session.execute(
        select(
            *_DEFINED, func.coalesce(Person.name, Team.name).label("owner"), TerritoryShape.km2,
            TerritoryShape.corners,
        )
        .outerjoin(Person, Person.id == Territory.owner_id)
        .outerjoin(Team, Team.id == Territory.team_id)
        .outerjoin(TerritoryShape, TerritoryShape.id == Territory.shape_id)
        .where(Territory.id == territory_id, Territory.archived_at.is_(None))
    ).first()  # fmt: skip
    if row is None:
        raise NotFoundError
    return row


def definition_of(row: AnyRow) -> Definition:
    """The definition in a row of `get_territory`."""
    return _definition(row)


@dataclass(frozen=True, slots=True)
class Reached:
    """Whose territories an actor may change: those of these people and teams, and nobody's."""

    everybody: bool
    people: frozenset[UUID]
    teams: frozenset[UUID]

    def has(self, owner_id: UUID | None, team_id: UUID | None) -> bool:
        """Whether a territory of this owner or team is within it."""
        if self.everybody:
            return True
        return owner_id in self.people if owner_id else team_id is None or team_id in self.teams


def reached(actor: Actor) -> Reached:
    """What is the actor's to change."""
    if actor.reach is Reach.ALL:
        return Reached(True, frozenset(), frozenset())
    own = db.session.scalar(select(Person.team_id).where(Person.id == actor.id))
    teams = team_and_below(own, team_parents()) if own and actor.reach is Reach.TEAM else frozenset()
    return Reached(False, actor.people, teams)


def list_owners(actor: Actor, reach: Reached) -> list[tuple[str, str]]:
    """("person:<id>" or "team:<id>", name) of who may get a territory: active people the actor sees, then teams."""
    people = (
        select(Person.id, Person.name)
        .where(belongs_to(actor, Person.id), Person.deactivated_at.is_(None))
        .order_by(Person.name)
    )
    teams = select(Team.id, Team.name).order_by(Team.name)
    return [(f"person:{row.id}", row.name) for row in db.session.execute(people)] + [
        (f"team:{row.id}", row.name) for row in db.session.execute(teams) if reach.everybody or row.id in reach.teams
    ]


def find_names(people: Collection[UUID], teams: Collection[UUID] = ()) -> dict[UUID, str]:
    """Names of people and teams by their ids."""
    names: dict[UUID, str] = {}
    for model, ids in ((Person, people), (Team, teams)):
        if ids:
            rows = db.session.execute(select(model.id, model.name).where(model.id.in_(list(ids))))
            names |= {row.id: row.name for row in rows}
    return names


# --- Outlines -----------------------------------------------------------------------------------------------

_areas: dict[UUID, Area] = {}  # outlines never change, so they are kept by their ids
_atlases: dict[tuple[Any, ...], Atlas] = {}
_keeping = threading.Lock()


def load_areas(ids: Collection[UUID]) -> dict[UUID, Area]:
    """The outlines of these shapes, ready to be asked often; kept in the process."""
    missing = [each for each in set(ids) if each not in _areas]
    for start in range(0, len(missing), 500):
        part = missing[start : start + 500]
        rows = db.session.execute(select(TerritoryShape.id, TerritoryShape.geojson).where(TerritoryShape.id.in_(part)))
        read = {row.id: area_from(row.geojson) for row in rows}
        with _keeping:
            if len(_areas) + len(read) > MOST_KEPT:
                for old in list(_areas)[: len(_areas) // 2]:
                    del _areas[old]
            _areas.update(read)
    return {each: _areas[each] for each in ids if each in _areas}


def load_geojson(shape_id: UUID | None) -> str:
    """A stored outline as GeoJSON, '' for none."""
    return db.session.scalar(select(TerritoryShape.geojson).where(TerritoryShape.id == shape_id)) or ""


def atlas_of(definitions: Mapping[UUID, Definition]) -> Atlas:
    """The atlas of these territories, without those put away; kept in the process until others are asked for."""
    live = {key: each for key, each in definitions.items() if not each.archived}
    key = tuple(sorted((str(key), str(each.shape_id), json.dumps(each.rule)) for key, each in live.items()))
    known = _atlases.get(key)
    if known is not None:
        return known
    shapes = [each.shape_id for each in live.values() if each.shape_id is not None]
    areas = load_areas(shapes)
    sizes: dict[UUID, float] = {}
    for start in range(0, len(shapes), 500):
        part = shapes[start : start + 500]
        rows = db.session.execute(select(TerritoryShape.id, TerritoryShape.km2).where(TerritoryShape.id.in_(part)))
        sizes |= {row.id: row.km2 for row in rows}
    atlas = Atlas([_region(key, each, areas, sizes) for key, each in live.items()])
    with _keeping:
        while len(_atlases) >= MOST_ATLASES:
            del _atlases[next(iter(_atlases))]
        _atlases[key] = atlas
    return atlas


def _region(key: UUID, each: Definition, areas: Mapping[UUID, Area], sizes: Mapping[UUID, float]) -> Region:
    if each.shape_id is None:
        return Region(key, None, 0.0, each.rule)
    return Region(key, areas.get(each.shape_id), sizes.get(each.shape_id, 0.0), each.rule)


def sample_positions() -> list[tuple[float, float]]:
    """(latitude, longitude) of some of the company's places, from all of their range."""
    some = select(Place.lat, Place.lon).where(Place.lat.is_not(None), Place.is_live.is_(True))
    rows = [
        *db.session.execute(some.order_by(Place.id).limit(MOST_SAMPLED // 2)),
        *db.session.execute(some.order_by(Place.id.desc()).limit(MOST_SAMPLED // 2)),
    ]
    return [(row.lat, row.lon) for row in rows]


# --- Accounts -----------------------------------------------------------------------------------------------


def _asked() -> AnySelect:
    return (
        select(
            Account.id, Account.owner_id, Account.rating, Account.category, Account.archived_at, Place.country,
            Place.region, Place.city, Place.district, Place.postcode, Place.lat, Place.lon,
            TerritoryAccount.territory_id, TerritoryAccount.how,
        )
        .outerjoin(
            Place, and_(Place.account_id == Account.id, Place.position_in_list == 0, Place.archived_at.is_(None))
        )
        .outerjoin(TerritoryAccount, TerritoryAccount.account_id == Account.id)
    )  # fmt: skip


def list_asked(after: UUID | None, limit: int) -> Lines:
    """The next live accounts by id with what decides about their territory, and where they are now."""
    rows = _asked().where(Account.archived_at.is_(None))
    if after is not None:
        rows = rows.where(Account.id > after)
    return fetch(rows.order_by(Account.id).limit(limit))


def list_asked_of(account_ids: Collection[UUID]) -> Lines:
    """The same of these accounts, also where they are put away."""
    return db.session.execute(_asked().where(Account.id.in_(list(account_ids)))).all()


def _seen(actor: Actor) -> ColumnElement[bool]:
    return belongs_to(actor, Account.owner_id, pool=True)


_SHOWN = (Account.id, Account.name, Account.rating, Account.address, Person.name.label("owner"))


def list_members(actor: Actor, territory_id: UUID, number: int) -> Page:
    """The accounts of a territory that the actor sees, by name: (id, name, rating, address, owner, how)."""
    must(actor, P.TERRITORIES_MANAGE)
    rows = (
        select(*_SHOWN, TerritoryAccount.how)
        .join(Account, Account.id == TerritoryAccount.account_id)
        .outerjoin(Person, Person.id == Account.owner_id)
        .where(TerritoryAccount.territory_id == territory_id, _seen(actor))
        .order_by(Account.name, Account.id)
    )
    return Page.of(fetch(rows.limit(PAGE_SIZE + 1).offset(offset(number))), number)


def count_members(actor: Actor, territory_id: UUID) -> tuple[dict[str, int], int]:
    """Accounts of a territory by class, of whomever, and how many of them the actor sees. One statement."""
    must(actor, P.TERRITORIES_MANAGE)
    seen = func.sum(case((_seen(actor), 1), else_=0))
    rows = fetch(
        select(Account.rating, func.count(), seen)
        .join(TerritoryAccount, TerritoryAccount.account_id == Account.id)
        .where(TerritoryAccount.territory_id == territory_id)
        .group_by(Account.rating)
    )
    return {row[0]: row[1] for row in rows}, sum(int(row[2]) for row in rows)


def list_outside(actor: Actor, number: int) -> Page:
    """Live accounts in no territory that the actor sees: (id, name, rating, address, owner, lat, lon) by name."""
    must(actor, P.TERRITORIES_MANAGE)
    rows = (
        select(*_SHOWN, Place.lat, Place.lon)
        .outerjoin(TerritoryAccount, TerritoryAccount.account_id == Account.id)
        .outerjoin(Place, and_(Place.account_id == Account.id, Place.position_in_list == 0))
        .outerjoin(Person, Person.id == Account.owner_id)
        .where(Account.archived_at.is_(None), TerritoryAccount.account_id.is_(None), _seen(actor))
        .order_by(Account.name, Account.id)
    )
    return Page.of(fetch(rows.limit(PAGE_SIZE + 1).offset(offset(number))), number)


def list_hands(actor: Actor, account_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Account -> the territory that it was put into by hand, None otherwise; of live accounts that the actor sees."""
    rows = db.session.execute(
        select(Account.id, TerritoryAccount.territory_id, TerritoryAccount.how)
        .outerjoin(TerritoryAccount, TerritoryAccount.account_id == Account.id)
        .where(Account.id.in_(list(account_ids)), Account.archived_at.is_(None), _seen(actor))
    )
    return {row.id: row.territory_id if row.how == HAND else None for row in rows}


# --- Changes ------------------------------------------------------------------------------------------------


def find_generation() -> int:
    """How many changes were applied, or are being applied."""
    return db.session.scalar(select(func.max(TerritoryChange.number))) or 0


def find_change(change_id: UUID) -> TerritoryChange | None:
    """The change, for its job."""
    return db.session.get(TerritoryChange, change_id, populate_existing=True)


def get_change(actor: Actor, change_id: UUID) -> TerritoryChange:
    """A change of somebody the actor sees; else NotFoundError."""
    must(actor, P.TERRITORIES_MANAGE)
    change = db.session.scalar(
        select(TerritoryChange).where(TerritoryChange.id == change_id, belongs_to(actor, TerritoryChange.created_by))
    )
    if change is None:
        raise NotFoundError
    return change


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work on a change is, why it gave up (None: it did not), and how many changes were applied by now."""

    done: int
    total: int
    failure: str | None
    generation: int


def find_progress(change: TerritoryChange) -> Progress:
    """How far the work on a change is."""
    generation = select(func.max(TerritoryChange.number)).scalar_subquery()
    row = db.session.execute(
        select(Job.done, Job.total, Job.failure, generation).where(Job.id == change.job_id)
    ).first()
    return Progress(row[0], row[1], row[2], row[3] or 0) if row else Progress(0, 0, None, find_generation())


def find_latest_summary() -> tuple[datetime, Summary] | None:
    """What the change that was applied last has counted, and when; None before the first."""
    row = fetch(
        select(TerritoryChange.applied_at, TerritoryChange.summary)
        .where(TerritoryChange.applied_at.is_not(None))
        .order_by(TerritoryChange.number.desc())
        .limit(1)
    )
    return (row[0][0], Summary.of(row[0][1])) if row else None


def is_applying() -> bool:
    """Whether some change is being applied now."""
    asked = TerritoryChange.asked_at.is_not(None)
    return db.session.scalar(
        select(TerritoryChange.id).where(asked, TerritoryChange.applied_at.is_(None)).limit(1)
    ) is not None  # fmt: skip


def list_changes(actor: Actor, number: int) -> Page:
    """Changes, the latest first: (the columns that tell its state, person, by, failure, territories)."""
    must(actor, P.TERRITORIES_MANAGE)
    items = (
        select(func.count())
        .select_from(TerritoryChangeItem)
        .where(TerritoryChangeItem.change_id == TerritoryChange.id)
        .scalar_subquery()
    )
    rows = (
        select(
            TerritoryChange.id, TerritoryChange.created_at, TerritoryChange.source, TerritoryChange.hands,
            TerritoryChange.wrong, TerritoryChange.undo_of, TerritoryChange.number, TerritoryChange.previewed_at,
            TerritoryChange.asked_at, TerritoryChange.applied_at, TerritoryChange.discarded_at,
            Person.name.label("person"), Job.failure, items.label("territories"),
        )
        .join(Person, Person.id == TerritoryChange.created_by)
        .outerjoin(Job, Job.id == TerritoryChange.job_id)
        .where(belongs_to(actor, TerritoryChange.created_by))
        .order_by(TerritoryChange.created_at.desc(), TerritoryChange.id.desc())
    )  # fmt: skip
    return Page.of(fetch(rows.limit(PAGE_SIZE + 1).offset(offset(number))), number)


def list_open_changes(actor: Actor) -> Lines:
    """(id, created_at, source, undo_of, person) of drafts that are neither applied nor discarded, the latest first."""
    return fetch(
        select(
            TerritoryChange.id,
            TerritoryChange.created_at,
            TerritoryChange.source,
            TerritoryChange.undo_of,
            Person.name.label("person"),
        )
        .join(Person, Person.id == TerritoryChange.created_by)
        .where(
            TerritoryChange.applied_at.is_(None),
            TerritoryChange.discarded_at.is_(None),
            belongs_to(actor, TerritoryChange.created_by),
        )
        .order_by(TerritoryChange.created_at.desc())
        .limit(5)
    )


def list_items(change_id: UUID) -> dict[UUID, tuple[Definition | None, Definition]]:
    """Territory -> its definition before (None: it is new) and after the change."""
    rows = db.session.execute(
        select(TerritoryChangeItem.territory_id, TerritoryChangeItem.before, TerritoryChangeItem.after).where(
            TerritoryChangeItem.change_id == change_id
        )
    )
    return {
        row.territory_id: (Definition.of(row.before) if row.before else None, Definition.of(row.after)) for row in rows
    }


def find_undoing(change_id: UUID) -> AnyRow | None:
    """(id, applied_at, person) of the change that undoes or undid this one; those discarded do not count."""
    return db.session.execute(
        select(TerritoryChange.id, TerritoryChange.applied_at, Person.name.label("person"))
        .join(Person, Person.id == TerritoryChange.created_by)
        .where(TerritoryChange.undo_of == change_id, TerritoryChange.discarded_at.is_(None))
        .limit(1)
    ).first()


def list_moves(actor: Actor, change_id: UUID, number: int, *, kept: bool = False) -> Page:
    """What a change does to accounts that the actor sees: (id, name, rating, address, from_id, from_how, to_id, to_how,
    owner_from, owner_to, kept), by id, since a change may have a million; `kept`: those whose owner stays although he
    should not."""
    rows = (
        select(
            Account.id, Account.name, TerritoryMove.rating, Account.address, TerritoryMove.from_id,
            TerritoryMove.from_how, TerritoryMove.to_id, TerritoryMove.to_how, TerritoryMove.owner_from,
            TerritoryMove.owner_to, TerritoryMove.kept,
        )
        .join(Account, Account.id == TerritoryMove.account_id)
        .where(TerritoryMove.change_id == change_id, _seen(actor))
        .order_by(TerritoryMove.account_id)
    )  # fmt: skip
    if kept:
        rows = rows.where(TerritoryMove.kept.is_(True))
    return Page.of(fetch(rows.limit(PAGE_SIZE + 1).offset(offset(number))), number)


def count_given(change_id: UUID) -> Lines:
    """(owner_from, owner_to, rating, accounts) of the accounts that a change gives to another."""
    return db.session.execute(
        select(TerritoryMove.owner_from, TerritoryMove.owner_to, TerritoryMove.rating, func.count().label("accounts"))
        .where(
            TerritoryMove.change_id == change_id,
            or_(
                TerritoryMove.owner_from != TerritoryMove.owner_to,
                TerritoryMove.owner_from.is_(None) != TerritoryMove.owner_to.is_(None),
            ),
        )
        .group_by(TerritoryMove.owner_from, TerritoryMove.owner_to, TerritoryMove.rating)
    ).all()


def list_given(change_id: UUID, account_ids: Collection[UUID]) -> dict[UUID, tuple[UUID | None, UUID | None]]:
    """Account -> (owner before, owner after) of those that the change gave to another."""
    rows = db.session.execute(
        select(TerritoryMove.account_id, TerritoryMove.owner_from, TerritoryMove.owner_to).where(
            TerritoryMove.change_id == change_id, TerritoryMove.account_id.in_(list(account_ids))
        )
    )
    return {row.account_id: (row.owner_from, row.owner_to) for row in rows if row.owner_from != row.owner_to}


def list_active(ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the people who still work here."""
    if not ids:
        return frozenset()
    return frozenset(
        db.session.scalars(select(Person.id).where(Person.id.in_(list(ids)), Person.deactivated_at.is_(None)))
    )
