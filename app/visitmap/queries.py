"""Counting and listing what a visit map shows. Everything is asked as the actor: visits of the reps and places of the
customers whom the actor sees.

Whoever sees all, and filters nothing, is answered from the cells (app.infra.cells); all others are counted live, by
indexes that hold all that is asked.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select, true, union_all

from app.accounts.mapped import LAYER as PLACES
from app.accounts.models import Account, Place
from app.identity.models import Person, Team
from app.identity.rules import Branch, in_order, tree_of
from app.infra import cells
from app.infra.db import AnyRow, AnySelect, fetch
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach
from app.kernel.dates import day_bounds
from app.kernel.geo import KeyRange
from app.kernel.page import PAGE_SIZE, Page, offset
from app.visitmap.rules import POOL, UNCOVERED, VISITS, Count, Days, MapFilters, whole_months
from app.visits.models import CheckIn, Visit, VisitPoint
from app.visits.points import LAYER as VISIT_POINTS

MOST_REPS = 2000
Clauses = list[ColumnElement[bool]]
Ranges = Sequence[KeyRange] | None

# --- Whom can be chosen? ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choices:
    """The active people whom the actor sees, (id, name) by name; the teams with any of them, in them or below them, in
    the order of the tree."""

    people: list[tuple[UUID, str]]
    teams: list[Branch]


def list_choices(actor: Actor) -> Choices:
    """What rep and team can be chosen from, in one statement."""
    people = select(Person.id, Person.name, Person.team_id.label("of"), literal(True).label("is_person"))
    teams = select(Team.id, Team.name, Team.parent_id, literal(False))
    seen = people.where(belongs_to(actor, Person.id), Person.deactivated_at.is_(None))
    both = union_all(seen, teams).subquery()
    rows = fetch(select(both).order_by(both.c.name, both.c.id))
    met = {row.of for row in rows if row.is_person}

    def is_met(branch: Branch) -> bool:
        return branch.id in met or any(map(is_met, branch.children))

    tree = tree_of((row.id, row.name, row.of) for row in rows if not row.is_person)
    return Choices(
        [(row.id, row.name) for row in rows if row.is_person], [each for each in in_order(tree) if is_met(each)]
    )


# --- Which rows? -----------------------------------------------------------------------------------------------------


def _people_of(team: UUID) -> Select[UUID]:
    """The people of a team and of those below it."""
    below = select(Team.id).where(Team.id == team).cte("below", recursive=True)
    below = below.union(select(Team.id).where(Team.parent_id == below.c.id))
    return select(Person.id).where(Person.team_id.in_(select(below.c.id)))


def _visits(actor: Actor, filters: MapFilters, today: date, *, few: bool = False) -> Clauses:
    """The visits that are meant, but for their days. `few`: other clauses leave so few that each may look for its
    customer; else those customers are looked for at once who are meant."""
    clauses = [belongs_to(actor, VisitPoint.rep_id)]
    if filters.rep and filters.rep != POOL:
        clauses.append(VisitPoint.rep_id == UUID(filters.rep))
    if filters.team:
        clauses.append(VisitPoint.rep_id.in_(_people_of(filters.team)))
    clauses += _like(filters)
    about = _class_and_days(filters, today)
    if filters.rep == POOL:
        about.append(Place.owner_id.is_(None))
    if about and few:
        clauses.append(exists().where(Place.account_id == VisitPoint.account_id, *about))
    elif about:
        clauses.append(VisitPoint.account_id.in_(select(Place.account_id).where(*about)))
    return clauses


def _like(filters: MapFilters) -> Clauses:
    """How a visit went."""
    clauses: Clauses = []
    if filters.verdict:
        clauses.append(VisitPoint.verdict == filters.verdict)
    if filters.outcome:
        clauses.append(VisitPoint.outcome == filters.outcome)
    return clauses


def _class_and_days(filters: MapFilters, today: date) -> Clauses:
    clauses: Clauses = []
    if filters.rating:
        # As an expression: SQLite would take the index of classes and read a third of the table by it.
        clauses.append(Place.rating.concat("") == filters.rating)
    if filters.days is not None:
        clauses.append(_is_stale(filters.days, today))
    return clauses


def _is_stale(days: int, today: date) -> ColumnElement[bool]:
    return or_(Place.last_visit_on.is_(None), Place.last_visit_on <= today - timedelta(days=days))


def _places(actor: Actor, filters: MapFilters, today: date) -> Clauses:
    """The places that are meant."""
    return [or_(*_held(actor, filters)), *_about_places(actor, filters, today)]


def _held(actor: Actor, filters: MapFilters) -> Clauses:
    """Whose places: any of these. One by one each is a part of an index, together they are none."""
    if filters.rep == POOL:
        return [Place.owner_id.is_(None)]
    if filters.rep:
        return [and_(belongs_to(actor, Place.owner_id), Place.owner_id == UUID(filters.rep))]
    if actor.reach is Reach.ALL:
        return [true()]
    return [belongs_to(actor, Place.owner_id), Place.owner_id.is_(None)]


def _about_places(actor: Actor, filters: MapFilters, today: date) -> Clauses:
    """What else is asked of places."""
    clauses: Clauses = []
    if filters.team:
        clauses.append(Place.owner_id.in_(_people_of(filters.team)))
    clauses += _class_and_days(filters, today)
    if like := _like(filters):
        first, last = filters.period(today)
        visited = select(VisitPoint.account_id).distinct().where(VisitPoint.day.between(first, last), *like)
        # A common table: made once, however many key ranges ask for it. As an expression: SQLite would look for each of
        # these accounts, in every range.
        common = visited.where(belongs_to(actor, VisitPoint.rep_id)).cte("visited")
        clauses.append(func.coalesce(Place.account_id, Place.account_id).in_(select(common.c.account_id)))
    return clauses


# --- How many, where? ------------------------------------------------------------------------------------------------


def count_tiles(actor: Actor, filters: MapFilters, tile_zoom: int, ranges: Ranges, today: date) -> list[Count]:
    """Points of the layer in each tile of a zoom that has any, in these key ranges (None: in all the world) and
    perhaps around them. `uncovered` is only counted for that layer."""
    sees_all = actor.reach is Reach.ALL and not filters.number and tile_zoom in cells.ZOOMS
    if filters.layer == VISITS:
        first, last = filters.period(today)
        whole, edges = whole_months(first, last, today) if sees_all else (None, [(first, last)])
        counted: Counter[int] = Counter()
        if whole:
            months = cells.month_of(whole[0]), cells.month_of(whole[1])
            counted.update(dict(cells.count(VISIT_POINTS, tile_zoom, ranges, months)))
        for edge in edges:
            counted.update(dict(_count_visits(actor, filters, edge, tile_zoom, ranges, today)))
        return [Count(tile, number) for tile, number in counted.items()]
    if filters.layer == UNCOVERED:
        stale = case((_is_stale(filters.stale_days, today), 1), else_=0)
        return [Count(*row) for row in _grouped(actor, replace(filters, days=None), tile_zoom, ranges, today, stale)]
    if sees_all:
        return [Count(*row) for row in cells.count(PLACES, tile_zoom, ranges)]
    return [Count(*row) for row in _grouped(actor, filters, tile_zoom, ranges, today)]


def _count_visits(
    actor: Actor, filters: MapFilters, days: Days, tile_zoom: int, ranges: Ranges, today: date
) -> list[tuple[int, int]]:
    few = ranges is not None and tile_zoom > cells.FINEST
    clauses = [VisitPoint.day.between(*days), *_visits(actor, filters, today, few=few)]
    if ranges is not None:
        clauses.append(or_(*(VisitPoint.qk.between(*each) for each in ranges)))
    tile = cells.above(VisitPoint.qk, cells.bits_below(tile_zoom)).label("tile")
    rows = fetch(select(tile, func.count()).where(VisitPoint.qk.is_not(None), *clauses).group_by("tile"))
    return [(row[0], row[1]) for row in rows]


def _grouped(
    actor: Actor, filters: MapFilters, tile_zoom: int, ranges: Ranges, today: date, *sums: Any
) -> list[tuple[int, ...]]:
    """(tile, number of places, the sums); each key range is asked by itself, since SQLite would rather read all rows
    than look for several ranges in an index."""
    columns = [cells.above(Place.map_qk, cells.bits_below(tile_zoom)).label("tile")]
    columns += [each.label(f"sum{n}") for n, each in enumerate(sums)]
    where = [Place.map_qk.is_not(None)] if ranges is None else [Place.map_qk.between(*each) for each in ranges]
    about = _about_places(actor, filters, today)
    parts = [select(*columns).where(part, held, *about) for part in where for held in _held(actor, filters)]
    rows = parts[0].subquery() if len(parts) == 1 else union_all(*parts).subquery()
    totals = [func.sum(rows.c[f"sum{n}"]) for n in range(len(sums))]
    found = fetch(select(rows.c.tile, func.count(), *totals).group_by(rows.c.tile))
    return [tuple(int(value) for value in row) for row in found]


@dataclass(frozen=True, slots=True)
class Total:
    """How many visits or places there are: on the map, and without a position."""

    on_map: int
    nowhere: int


def count_all(actor: Actor, filters: MapFilters, today: date) -> Total:
    """Of the whole world; of the uncovered layer only what is uncovered."""
    if filters.layer == VISITS:
        clauses = [VisitPoint.day.between(*filters.period(today)), *_visits(actor, filters, today)]
        row = fetch(select(func.count(VisitPoint.qk), func.count()).where(*clauses))[0]
        return Total(row[0], row[1] - row[0])
    clauses = _places(actor, _listed(filters), today)
    on_map = select(func.count()).where(Place.map_qk.is_not(None), *clauses).scalar_subquery()
    nowhere = select(func.count()).where(Place.map_qk.is_(None), Place.is_live.is_(True), *clauses).scalar_subquery()
    if actor.reach is Reach.ALL and not _listed(filters).number:
        return Total(sum(number for _, number in cells.count(PLACES, cells.ZOOMS[0])), fetch(select(nowhere))[0][0])
    return Total(*fetch(select(on_map, nowhere))[0])


def _listed(filters: MapFilters) -> MapFilters:
    return replace(filters, days=filters.stale_days) if filters.layer == UNCOVERED else filters


# --- Which ones? -----------------------------------------------------------------------------------------------------

_VISIT = (
    Visit.id, Visit.account_id, VisitPoint.rep_id, VisitPoint.day, VisitPoint.qk, VisitPoint.verdict,
    VisitPoint.outcome, CheckIn.at, CheckIn.distance, Account.name, Place.zone, Person.name.label("rep"),
)  # fmt: skip
_PLACE = (
    Place.id, Place.account_id, Place.map_qk.label("qk"), Place.label, Place.address, Place.city, Place.rating,
    Place.last_visit_on, Account.name, Person.name.label("rep"),
)  # fmt: skip


def _visit_rows(chosen: Any) -> AnySelect:
    """The columns _VISIT of the visits that `chosen` (a subquery with visit_id) names."""
    return (
        select(*_VISIT)
        .join_from(chosen, VisitPoint, VisitPoint.visit_id == chosen.c.visit_id)
        .join(Visit, Visit.id == VisitPoint.visit_id)
        .join(CheckIn, CheckIn.visit_id == VisitPoint.visit_id)
        .join(Account, Account.id == VisitPoint.account_id)
        .join(Place, Place.id == Visit.place_id)
        .join(Person, Person.id == VisitPoint.rep_id)
    )


def _place_rows(chosen: Any) -> AnySelect:
    """The columns _PLACE of the places that `chosen` (a subquery with id) names; without an owner `rep` is None."""
    return (
        select(*_PLACE)
        .join_from(chosen, Place, Place.id == chosen.c.id)
        .join(Account, Account.id == Place.account_id)
        .outerjoin(Person, Person.id == Place.owner_id)
    )


def list_visits(actor: Actor, filters: MapFilters, number: int, today: date) -> Page:
    """Page `number` (from 1) of the visits, those without a position too, the latest first; rows of _VISIT."""
    newest = (VisitPoint.day.desc(), VisitPoint.visit_id.desc())
    chosen = select(VisitPoint.visit_id).where(
        VisitPoint.day.between(*filters.period(today)), *_visits(actor, filters, today)
    )
    page = chosen.order_by(*newest).limit(PAGE_SIZE + 1).offset(offset(number)).subquery()
    return Page.of(fetch(_visit_rows(page).order_by(*newest)), number)


def list_places(actor: Actor, filters: MapFilters, number: int, today: date) -> Page:
    """Page `number` (from 1) of the places on the map, those first that nobody has visited for longest; rows of
    _PLACE."""
    stalest = (Place.last_visit_on.asc().nulls_first(), Place.map_qk, Place.id)
    chosen = select(Place.id).where(Place.map_qk.is_not(None), *_places(actor, _listed(filters), today))
    page = chosen.order_by(*stalest).limit(PAGE_SIZE + 1).offset(offset(number)).subquery()
    return Page.of(fetch(_place_rows(page).order_by(*stalest)), number)


def list_visits_in(actor: Actor, filters: MapFilters, ranges: Ranges, today: date, most: int) -> Sequence[AnyRow]:
    """At most so many visits in these key ranges; rows of _VISIT."""
    clauses = [VisitPoint.day.between(*filters.period(today)), *_visits(actor, filters, today)]
    if ranges is not None:
        clauses.append(or_(*(VisitPoint.qk.between(*each) for each in ranges)))
    chosen = select(VisitPoint.visit_id).where(VisitPoint.qk.is_not(None), *clauses).limit(most)
    return fetch(_visit_rows(chosen.subquery()).order_by(CheckIn.at, VisitPoint.visit_id))


def list_places_in(actor: Actor, filters: MapFilters, ranges: Ranges, today: date, most: int) -> Sequence[AnyRow]:
    """At most so many places in these key ranges, of the uncovered layer the covered ones too; rows of _PLACE."""
    meant = replace(filters, days=None) if filters.layer == UNCOVERED else filters
    where = [Place.map_qk.is_not(None)] if ranges is None else [Place.map_qk.between(*each) for each in ranges]
    about = _about_places(actor, meant, today)
    parts = [
        select(Place.id).where(part, held, *about).limit(most).subquery()
        for part in where
        for held in _held(actor, meant)
    ]
    chosen = union_all(*(select(each.c.id) for each in parts)).subquery()
    return fetch(_place_rows(chosen).order_by(Account.name, Place.id).limit(most))


def list_last_seen(actor: Actor, filters: MapFilters, now: datetime, today: date) -> Sequence[AnyRow]:
    """The last check-in of each rep since the actor's midnight, by the reps' names; rows of _VISIT."""
    midnight = day_bounds(today, actor.zone)[0]
    turn = func.row_number().over(partition_by=VisitPoint.rep_id, order_by=(CheckIn.at.desc(), CheckIn.visit_id.desc()))
    ranked = (
        select(VisitPoint.visit_id, turn.label("turn"))
        .join(CheckIn, CheckIn.visit_id == VisitPoint.visit_id)
        .where(CheckIn.at.between(midnight, now), *_visits(actor, filters, today))
        .subquery()
    )
    chosen = select(ranked.c.visit_id).where(ranked.c.turn == 1).limit(MOST_REPS).subquery()
    return fetch(_visit_rows(chosen).order_by(Person.name, VisitPoint.rep_id))
