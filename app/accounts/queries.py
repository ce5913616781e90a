"""Ways to customers. An account is visible to whoever sees its owner; without an owner (公海) to everybody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import inf
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from app.accounts.events import AccountAssigned
from app.accounts.models import Account, ClassRhythm, Contact, Note, Place
from app.accounts.rules import (
    MOST_DUPLICATES,
    MOST_WORDS,
    NEAR_M,
    NO_PLAN,
    USUAL_RHYTHMS,
    AccountFilters,
    Rhythm,
    Rhythms,
    address_line,
    core_of,
    intervals_of,
    masked,
    next_visit_due,
    phone_tails,
    rhythm_of,
    tells,
    why_duplicate,
)
from app.identity.models import Person
from app.infra.arrival import kept_since
from app.infra.days import day_number
from app.infra.db import AnySelect, IdText, db, fetch
from app.infra.journal import JournalEntry
from app.infra.nearest import nearest
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position, arc_m, covering, distance_m
from app.kernel.ids import parse_id
from app.kernel.page import PAGE_SIZE, Page, offset
from app.kernel.text import search_parts

Line = Row[*tuple[Any, ...]]
Lines = Sequence[Line]
MOST_CANDIDATES = 200
MOST_NOTES = 50


def _seen(actor: Actor) -> ColumnElement[bool]:
    return belongs_to(actor, Account.owner_id, pool=True)


# --- One ------------------------------------------------------------------------------------------------


def get_account(actor: Actor, account_id: UUID) -> Account:
    """The account, put away or not. NotFoundError where there is none, or none that the actor may see."""
    account = db.session.scalar(select(Account).where(Account.id == account_id, _seen(actor)))
    if account is None and _saw(actor, account_id):
        account = db.session.get(Account, account_id)
    if account is None:
        raise NotFoundError
    return account


def _saw(actor: Actor, account_id: UUID) -> bool:
    """Whether a post that comes late was made while the actor still saw the account: it was given away since then, and
    what was done there before is not undone by that."""
    since = kept_since()
    if since is None:
        return False
    given_away = (
        select(JournalEntry.facts)
        .where(JournalEntry.subject_id == account_id, JournalEntry.event == AccountAssigned.__name__)
        .where(JournalEntry.at > since)
        .order_by(JournalEntry.at, JournalEntry.id)
        .limit(1)
    )
    facts = db.session.scalar(given_away)
    before = parse_id(facts["before"]) if facts else None
    return facts is not None and (before is None or before in actor.people)


def get_place(actor: Actor, place_id: UUID) -> Place:
    """A place of an account that the actor sees, put away or not; else NotFoundError."""
    place = db.session.scalar(
        select(Place).join(Account, Account.id == Place.account_id).where(Place.id == place_id, _seen(actor))
    )
    if place is None:
        place = db.session.get(Place, place_id)
        if place is None or not _saw(actor, place.account_id):
            raise NotFoundError
    return place


def get_main_place(actor: Actor, account_id: UUID) -> Place:
    """Where one goes when nothing else is said: the first place of the account. NotFoundError as `get_account`."""
    main = select(Place).where(Place.account_id == account_id, Place.position_in_list == 0, Place.archived_at.is_(None))
    place = db.session.scalar(main.join(Account, Account.id == Place.account_id).where(_seen(actor)))
    if place is None and _saw(actor, account_id):
        place = db.session.scalar(main)
    if place is None:
        raise NotFoundError
    return place


def get_contact(actor: Actor, contact_id: UUID) -> Contact:
    """A contact of an account that the actor sees; else NotFoundError."""
    contact = db.session.scalar(
        select(Contact).join(Account, Account.id == Contact.account_id).where(Contact.id == contact_id, _seen(actor))
    )
    if contact is None:
        raise NotFoundError
    return contact


def is_archived(account: Account, now: datetime) -> bool:
    """Whether the account was put away at `now`: what happened before, and arrives later, still counts."""
    return account.archived_at is not None and account.archived_at <= now


def find_owner_name(account: Account) -> str | None:
    """The name of the account's owner, None in the public pool."""
    return db.session.scalar(select(Person.name).where(Person.id == account.owner_id)) if account.owner_id else None


def list_places(actor: Actor, account_id: UUID) -> Sequence[Place]:
    """The places of an account in their order, without those put away."""
    return db.session.scalars(
        select(Place)
        .join(Account, Account.id == Place.account_id)
        .where(Place.account_id == account_id, Place.archived_at.is_(None), _seen(actor))
        .order_by(Place.position_in_list, Place.id)
    ).all()


def list_places_of(actor: Actor, account_ids: Collection[UUID]) -> Sequence[Place]:
    """As `list_places`, of several accounts at once; those that the actor may not see have none."""
    return db.session.scalars(
        select(Place)
        .join(Account, Account.id == Place.account_id)
        .where(Place.account_id.in_(sorted(account_ids)), Place.archived_at.is_(None), _seen(actor))
        .order_by(Place.account_id, Place.position_in_list, Place.id)
    ).all()


def list_contacts(actor: Actor, account_id: UUID) -> Lines:
    """(id, name, title, phone, email) of an account's contacts by name."""
    return db.session.execute(
        select(Contact.id, Contact.name, Contact.title, Contact.phone, Contact.email)
        .join(Account, Account.id == Contact.account_id)
        .where(Contact.account_id == account_id, Contact.archived_at.is_(None), _seen(actor))
        .order_by(Contact.name, Contact.id)
    ).all()


def list_notes(actor: Actor, account_id: UUID) -> Lines:
    """(id, at, received_at, text, by) of the latest notes, newest first; `by` None where an import or the house wrote
    it."""
    return db.session.execute(
        select(Note.id, Note.at, Note.received_at, Note.text, Person.name.label("by"))
        .join(Account, Account.id == Note.account_id)
        .outerjoin(Person, Person.id == Note.person_id)
        .where(Note.account_id == account_id, _seen(actor))
        .order_by(Note.at.desc(), Note.id.desc())
        .limit(MOST_NOTES)
    ).all()


def find_usual_place(actor: Actor) -> Line | None:
    """(country, region, city, zone) of the account that the actor added last: the next one is likely near it."""
    return db.session.execute(
        select(Place.country, Place.region, Place.city, Place.zone)
        .join(Account, Account.id == Place.account_id)
        .where(Account.created_by == actor.id, Place.position_in_list == 0, _seen(actor))
        .order_by(Account.created_at.desc(), Account.id.desc())
        .limit(1)
    ).first()


def list_carried(actor: Actor, account_ids: Collection[UUID]) -> Lines:
    """What a phone carries of these accounts: (id, name, phone, address, rating, lat, lon of the main place)."""
    return db.session.execute(
        select(Account.id, Account.name, Account.phone, Account.address, Account.rating, Place.lat, Place.lon)
        .outerjoin(Place, and_(Place.account_id == Account.id, Place.position_in_list == 0))
        .where(Account.id.in_(list(account_ids)), _seen(actor))
    ).all()


# --- Many -----------------------------------------------------------------------------------------------


def list_accounts(actor: Actor, filters: AccountFilters, number: int, today: date, *, printed: bool = False) -> Page:
    """Page `number` (from 1) of the accounts, in one statement; `printed`: with the ids as text.

    Rows (id, name, rating, category, phone, last_visit_on, owner, address); `owner` is a name, "" for the actor's own,
    None in the public pool. `today` is the reader's, for "not visited for N days".
    """
    return Page.of(fetch(_page_of(actor, filters, today, printed), skipped=offset(number)), number)


@lru_cache(maxsize=256)  # putting it together takes as long as running it, and people turn the same pages
def _page_of(actor: Actor, filters: AccountFilters, today: date, printed: bool) -> AnySelect:
    # Not a join: that would be made for all the rows that are skipped as well.
    name = select(Person.name).where(Person.id == Account.owner_id).scalar_subquery()
    owner = case((Account.owner_id == actor.id, ""), else_=name).label("owner")
    return (
        select(
            type_coerce(Account.id, IdText).label("id") if printed else Account.id, Account.name, Account.rating,
            Account.category, Account.phone, Account.last_visit_on, owner, Account.address,
        )
        .where(
            Account.archived_at.is_not(None) if filters.archived else Account.archived_at.is_(None),
            *_held(actor, filters, Account),
            *_told(filters, today),
        )
        .order_by(*_order(actor, filters))
        .limit(PAGE_SIZE + 1)
        .offset(bindparam("skipped", type_=Integer))
    )  # fmt: skip


def _order(actor: Actor, filters: AccountFilters) -> tuple[Any, ...]:
    order: tuple[Any, ...] = (Account.name, Account.id)
    if filters.sort == "stale":
        order = (Account.last_visit_on.asc().nulls_first(), *order)
    if actor.reach is not Reach.ALL:
        order = (Account.owner_id.is_(None), *order)  # one's own first, then what nobody has
    return order


def _held(actor: Actor, filters: AccountFilters, row: type[Account | Place]) -> list[ColumnElement[bool]]:
    """Whose, and which class: asked of accounts, or of places, which repeat both."""
    clauses = [belongs_to(actor, row.owner_id, pool=True)]
    if filters.owner == "none":
        clauses.append(row.owner_id.is_(None))
    elif filters.owner:
        clauses.append(row.owner_id == (actor.id if filters.owner == "me" else UUID(filters.owner)))
    if filters.rating:
        clauses.append(row.rating == filters.rating)
    return clauses


def _told(filters: AccountFilters, today: date) -> list[ColumnElement[bool]]:
    """What only the account can tell: when it was visited, and its text."""
    clauses = _found(filters.q) if filters.q else []
    if filters.days is not None:
        since = today - timedelta(days=filters.days)
        clauses.append(or_(Account.last_visit_on.is_(None), Account.last_visit_on <= since))
    return clauses


def _found(text: str) -> list[ColumnElement[bool]]:
    """Each word must stand somewhere in the account's search text; a word of signs only is none."""
    words = [parts for word in text.split()[:MOST_WORDS] if (parts := search_parts(word))]
    if not words:
        return [false()]
    return [or_(*(Account.search.contains(part, autoescape=True) for part in parts)) for parts in words]


@dataclass(frozen=True, slots=True)
class NearAccount:
    """A place near a position. `distance_m` metres, `lat` and `lon` WGS-84; `id` is the account's."""

    id: UUID
    place_id: UUID
    name: str
    rating: str
    address: str
    distance_m: float
    lat: float
    lon: float
    certainty: str
    last_visit_on: date | None
    next_visit_on: date | None
    phone: str
    owner_id: UUID | None


def nearest_accounts(
    actor: Actor, position: Position, k: int, filters: AccountFilters, today: date, *, max_radius_m: float | None = None
) -> list[NearAccount]:
    """The k places nearest to `position` whose accounts fit the filters, nearest first (their order is not asked)."""
    rows = nearest(
        db.session(),
        [
            Account.id, Place.id.label("place_id"), Account.name, Account.rating, Place.address, Place.district,
            Place.city, Place.lat, Place.lon, Place.certainty, Account.last_visit_on, Account.next_visit_on,
            Account.phone, Account.owner_id,
        ],
        position,
        k,
        place=Place.__table__,
        where=_places_of(actor, filters, today),
        joins=[Account.id == Place.account_id],
        max_radius_m=max_radius_m,
    )  # fmt: skip
    return [
        NearAccount(
            row.id, row.place_id, row.name, row.rating, address_line(row.address, row.district, row.city),
            arc_m(row.chord2), row.lat, row.lon, row.certainty, row.last_visit_on, row.next_visit_on, row.phone,
            row.owner_id,
        )
        for row in rows
    ]  # fmt: skip


def _places_of(actor: Actor, filters: AccountFilters, today: date) -> list[ColumnElement[bool]]:
    """The clauses of the filters on places; the account is joined only where it must be asked."""
    clauses, told = _held(actor, filters, Place), _told(filters, today)
    if filters.archived:
        told += [Account.archived_at.is_not(None), Place.archived_at.is_(None)]
    else:
        clauses.append(Place.is_live.is_(True))
    return [*clauses, Place.account_id == Account.id, *told] if told else clauses


# --- Due ------------------------------------------------------------------------------------------------


def get_rhythms() -> Rhythms:
    """How often each class is to be visited. One tiny statement: ask once for a page and hand it on."""
    asked = fetch(select(ClassRhythm.rating, ClassRhythm.days, ClassRhythm.wish))
    return {**USUAL_RHYTHMS, **{row.rating: Rhythm(row.days, row.wish) for row in asked}}


def interval_column(rhythms: Rhythms) -> ColumnElement[int | None]:
    """Of an Account, in SQL: the days between its visits, NULL where there is no plan."""
    classes = intervals_of(rhythms)
    usual = case(classes, value=Account.rating) if classes else null()
    return case((Account.visit_days.is_not(None), func.nullif(Account.visit_days, NO_PLAN)), else_=usual)


@dataclass(frozen=True, slots=True)
class DueAccount:
    """An account whose visit is due since `due_on`, and its `wish`; the place is its main one."""

    id: UUID
    place_id: UUID
    name: str
    rating: str
    phone: str
    address: str
    lat: float | None
    lon: float | None
    last_visit_on: date | None
    due_on: date
    owner_id: UUID | None
    wish: str


def list_overdue(actor: Actor, today: date, limit: int, owner_id: UUID | None = None) -> list[DueAccount]:
    """Accounts that should have been visited before `today`, the longest due first; those of one owner where asked.

    Nobody is late for the public pool, nor for an account that was never visited and for which no day was agreed.
    """
    mine = [Account.archived_at.is_(None), Account.owner_id.is_not(None), belongs_to(actor, Account.owner_id)]
    if owner_id is not None:
        mine.append(Account.owner_id == owner_id)
    rhythms = get_rhythms()
    intervals = intervals_of(rhythms)
    # Each class is asked by itself, so that dates are compared as they stand; those with a rhythm of their own are few.
    agreed = select(Account.id).where(*mine, Account.next_visit_on < today).order_by(Account.next_visit_on)
    asked: list[Select[Any]] = [agreed]
    unsaid = select(Account.id).where(*mine, Account.next_visit_on.is_(None)).order_by(Account.last_visit_on)
    for rating, days in intervals.items():
        late = Account.last_visit_on < today - timedelta(days=days)
        asked.append(unsaid.where(Account.rating == rating, Account.visit_days.is_(None), late))
    due_number = day_number(Account.last_visit_on) + Account.visit_days
    own = unsaid.where(Account.visit_days > NO_PLAN, due_number < today.toordinal())
    asked.append(own.order_by(None).order_by(due_number))
    parts = [select(each.limit(limit).subquery().c.id) for each in asked]
    rows = db.session.execute(
        select(
            Account.id, Place.id.label("place_id"), Account.name, Account.rating, Account.phone, Account.address,
            Place.lat, Place.lon, Account.last_visit_on, Account.next_visit_on,
            Account.owner_id, Account.visit_days, Account.visit_wish,
        )
        .join(Place, and_(Place.account_id == Account.id, Place.position_in_list == 0))
        .where(Account.id.in_(union_all(*parts)))
    )  # fmt: skip
    due = [
        DueAccount(
            row.id, row.place_id, row.name, row.rating, row.phone, row.address,
            row.lat, row.lon, row.last_visit_on, due_on, row.owner_id,
            rhythm_of(row.rating, row.visit_days, row.visit_wish, rhythms).wish,
        )
        for row in rows
        if (due_on := next_visit_due(row.last_visit_on, row.rating, row.next_visit_on, intervals, row.visit_days))
        is not None
    ]  # fmt: skip
    return sorted(due, key=lambda each: (each.due_on, each.name, each.id))[:limit]


def find_due_days(account_ids: Collection[UUID]) -> Mapping[UUID, tuple[str, date | None]]:
    """Account -> its class, and the day by which its next visit is due, of accounts that the caller has been shown."""
    intervals = intervals_of(get_rhythms())
    columns = Account.id, Account.rating, Account.last_visit_on, Account.next_visit_on, Account.visit_days
    return {
        account_id: (rating, next_visit_due(last_on, rating, agreed_on, intervals, own_days))
        for account_id, rating, last_on, agreed_on, own_days in db.session.execute(
            select(*columns).where(Account.id.in_(account_ids))
        )
    }


# --- There already? -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An account that may be the one being written. Where the actor may not see it, `id` is None and `name` masked.

    `reason`: a key of rules.DUPLICATE_REASONS. `owner`: a name, None in the public pool. `distance_m` where near.
    """

    reason: str
    name: str
    owner: str | None
    id: UUID | None = None
    address: str = ""
    distance_m: float | None = None


def duplicates(
    actor: Actor, name: str, phone: str, position: Position | None, besides: UUID | None = None
) -> list[Duplicate]:
    """Up to MOST_DUPLICATES live accounts, of whomever, that look like this one; the surest first.

    `besides` is the account being changed. Of accounts beyond the actor's reach only a masked name and the owner's
    name are told: enough to talk to each other, too little to go there alone.
    """
    core, tails = core_of(name), phone_tails(phone)
    found: dict[UUID, tuple[tuple[float, float], Duplicate]] = {}
    for row in _candidates(core, tails, position):
        other_phones = " ".join(part for part in row.search.split() if part.isdigit())
        here = Position(row.lat, row.lon) if row.lat is not None else None
        away = distance_m(position, here) if position and here else None
        why = why_duplicate(core, tails, core_of(row.name), other_phones, away is not None and away <= NEAR_M)
        if why is None or row.id == besides:
            continue
        rank = (why[0], -inf if away is None else -away)  # of its places the nearest is told
        if row.id in found and found[row.id][0] >= rank:
            continue
        seen = row.owner_id is None or actor.reach is Reach.ALL or row.owner_id in actor.people
        address = address_line(row.address or "", row.district or "", row.city or "")
        found[row.id] = (
            rank,
            (
                Duplicate(why[1], row.name, row.owner, row.id, address, away)
                if seen
                else Duplicate(why[1], masked(row.name), row.owner)
            ),
        )
    surest = sorted(found.values(), key=lambda each: (-each[0][0], each[1].distance_m or 0.0, each[1].name))
    return [duplicate for _, duplicate in surest[:MOST_DUPLICATES]]


def _candidates(core: str, tails: frozenset[str], position: Position | None) -> Lines:
    """Live accounts that share a phone number, a good part of the name, or the street corner: one statement."""
    like = [Account.search.contains(tail, autoescape=True) for tail in sorted(tails)]
    if tells(core):
        half = (len(core) + 1) // 2
        parts = {core, core[:half], core[half:]} if len(core) >= 4 else {core}
        like += [Account.search.contains(part, autoescape=True) for part in sorted(parts) if tells(part)]
    surest = case((Account.search.startswith(core, autoescape=True), 0), else_=1) if tells(core) else Account.name
    asked = []
    if like:
        asked.append(select(Account.id).where(Account.archived_at.is_(None), or_(*like)).order_by(surest))
    if position is not None and tells(core):
        near = or_(*(Place.qk.between(low, high) for low, high in covering(position, NEAR_M)))
        asked.append(
            select(Account.id)
            .join(Place, Place.account_id == Account.id)
            .where(near, Place.archived_at.is_(None), Account.archived_at.is_(None))
        )
    if not asked:
        return ()
    parts_of_all = [select(each.limit(MOST_CANDIDATES).subquery().c.id) for each in asked]
    return db.session.execute(
        select(
            Account.id, Account.name, Account.search, Account.owner_id, Person.name.label("owner"), Place.address,
            Place.district, Place.city, Place.lat, Place.lon,
        )
        .outerjoin(Person, Person.id == Account.owner_id)
        .outerjoin(Place, and_(Place.account_id == Account.id, Place.archived_at.is_(None)))
        .where(Account.id.in_(union_all(*parts_of_all)))
    ).all()  # fmt: skip


# --- One's own notes --------------------------------------------------------------------------------------


def counted_own_notes(actor: Actor) -> Select[Any]:
    """A SELECT of how many notes the actor wrote."""
    return select(func.count()).select_from(Note).where(Note.person_id == actor.person_id)


def list_own_notes(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """(account_id, name, at, received_at, text) of the notes that the actor wrote, the latest first."""
    rows = db.session.execute(
        select(Note.account_id, Account.name, Note.at, Note.received_at, Note.text)
        .join(Account, Account.id == Note.account_id)
        .where(Note.person_id == actor.person_id)
        .order_by(Note.at.desc(), Note.id)
        .limit(most)
        .offset(first)
    )
    return rows.mappings().all()
