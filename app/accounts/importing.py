"""Customers out of tables: what the import engine (app/transfer) asks of accounts.

Rows are read by app/accounts/columns.py; here they become accounts, a thousand in some statements. Statements about a
thousand rows ask one table, by one index: without statistics of a table that grows meanwhile, PostgreSQL is soon led
astray by every further condition, and compares each row with each value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from math import inf
from operator import attrgetter
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, select, update

from app.accounts.columns import ParsedAccount, parse, place_key, recognise
from app.accounts.events import AccountAssigned, AccountChanged, PlaceSaved
from app.accounts.mapped import LAYER, show_on_map
from app.accounts.models import Account, Contact, Note, Place
from app.accounts.rules import NEAR_M, address_line, found_by, position_columns, written_hours
from app.identity.models import Person
from app.identity.permissions import P
from app.identity.queries import find_company
from app.infra import cells
from app.infra.db import AnyRow, db
from app.infra.journal import record as journal
from app.infra.news import tell
from app.infra.scope import belongs_to
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError
from app.kernel.geo import Position, distance_m
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.kernel.text import fold
from app.transfer.ports import Intake, Target
from app.transfer.rules import Column, Parsed, Row, RowProblem

KIND = "accounts"
LANGUAGES_OF = {"CN": "zh_Hans", "TW": "zh_Hant", "HK": "zh_Hant", "MO": "zh_Hant"}
"""Country -> the language that a customer there reads documents in; elsewhere it is the company's."""

# Column of a table -> field of the record; what is blank in a record never overwrites.
_OF_ACCOUNT = {
    "name": "name", "name_en": "name_en", "category": "category", "rating": "grade", "phone": "phone",
    "email": "email", "website": "website",
}  # fmt: skip
_OF_PLACE = {
    "country": "country", "region": "region", "city": "city", "district": "district", "address": "address",
    "postcode": "postcode", "hours": "opening_hours",
}  # fmt: skip
_REPEATED = ("owner_id", "rating")  # columns of the account that its places have too
# Core tables: no object is made for a row.
_ACCOUNT, _PLACE, _CONTACT, _NOTE = (cast(Table, model.__table__) for model in (Account, Place, Contact, Note))
_SAID = attrgetter(*(field.name for field in fields(ParsedAccount) if field.name != "position"))


@dataclass(frozen=True, slots=True)
class _Colleague:
    id: UUID
    is_active: bool


@dataclass(slots=True)
class _Known:
    """An account as it is stored, with all that a row may say about it."""

    account: AnyRow
    places: list[AnyRow]  # without those put away; the main one first
    contacts: list[AnyRow]
    notes: set[str]


@dataclass(slots=True)
class _Change:
    """What a row says that the account does not say yet."""

    account: dict[str, Any]
    place: dict[str, Any]
    contact: str
    note: str

    def __bool__(self) -> bool:
        return bool(self.account or self.place or self.contact or self.note)


class AccountIntake(Intake[ParsedAccount]):
    """One run: the columns of one file, and the people and the company as they are when it begins."""

    def __init__(self, actor: Actor, columns: Sequence[Column]) -> None:
        must(actor, P.ACCOUNTS_IMPORT)
        self._actor = actor
        self._mapping = recognise(columns)
        self.headings, self.ignored = self._mapping.headings, self._mapping.ignored
        company = find_company()
        self._zone = company.zone if company else "UTC"
        self._language = company.language if company else "en"
        people = select(Person.id, Person.email, Person.deactivated_at).where(belongs_to(actor, Person.id))
        self._colleagues = {
            row.email: _Colleague(row.id, row.deactivated_at is None) for row in db.session.execute(people)
        }

    def parse(self, row: Row) -> Parsed[ParsedAccount]:
        """As columns.parse; an owner whom nobody knows here is told."""
        parsed = parse(row, self._mapping)
        email = parsed.record.owner_email if parsed.record else ""
        if not email or self._owner_of(email):
            return parsed
        reason = N_("Nobody who works here has this address: %(value)s")
        told = RowProblem(row.line, self.headings.get("owner_email"), reason, {"value": email[:50]})
        return Parsed(parsed.record, (*parsed.problems, told))

    def own_id(self, record: ParsedAccount) -> str | None:
        """The id that the row has in its source."""
        return record.identity if record.external_id else None

    def look(self, record: ParsedAccount) -> str:
        """Its name and address: Account.identity."""
        return record.look

    def fingerprint(self, record: ParsedAccount) -> str:
        """All fields. An owner counts once there is such a person, so that he gets his accounts by the same file."""
        said = list(_SAID(record))
        if record.owner_email and record.owner_email.casefold() not in self._colleagues:
            said.append("unknown")
        if record.position:
            said += (repr(record.position.lat), repr(record.position.lon))
        return blake2b("\x1f".join(said).encode(), digest_size=16).hexdigest()

    def candidates(self, records: Sequence[ParsedAccount]) -> list[list[UUID]]:
        """Live accounts of that name and address, the nearest first.

        A name alone makes no place: without an address, accounts more than NEAR_M from the row's position are others.
        """
        looks = [record.look for record in records]
        rows = db.session.execute(
            select(Account.id, Account.identity, Account.archived_at).where(Account.identity.in_(looks))
        )
        found = {row.id: row.identity for row in rows if row.archived_at is None}
        alike: dict[str, list[AnyRow]] = {}
        main = select(Place.account_id, Place.lat, Place.lon).where(
            Place.account_id.in_(list(found)), Place.position_in_list == 0
        )
        for row in db.session.execute(main):
            alike.setdefault(found[row.account_id], []).append(row)
        return [
            _nearest_first(record, alike[look]) if look in alike else []
            for record, look in zip(records, looks, strict=True)
        ]

    def changed(self, pairs: Sequence[tuple[UUID, ParsedAccount]]) -> set[UUID]:
        """Accounts of which a row says something new."""
        known = _load([subject for subject, _ in pairs])
        return {subject for subject, record in pairs if self._change(known[subject], record)}

    def create(self, pairs: Sequence[tuple[UUID, ParsedAccount]], now: datetime) -> None:
        """New accounts, each with its place, and what the row tells of a contact and a note."""
        if not pairs:
            return
        db.session.execute(insert(_ACCOUNT), [self._new_account(subject, record, now) for subject, record in pairs])
        places = [self._new_place(subject, record) for subject, record in pairs]
        db.session.execute(insert(_PLACE), places)
        cells.change(LAYER, (), [(place["map_qk"], 0) for place in places if place["map_qk"] is not None])
        _add_contacts([(subject, record.contact) for subject, record in pairs if record.contact])
        _add_notes([(subject, record.note) for subject, record in pairs if record.note], now)
        tell("account", [subject for subject, _ in pairs])

    def update(self, pairs: Sequence[tuple[UUID, ParsedAccount]], now: datetime) -> None:
        """Known accounts: what their rows say anew, and the text by which they are found."""
        known = _load([subject for subject, _ in pairs])
        changes = [(subject, change) for subject, record in pairs if (change := self._change(known[subject], record))]
        for subject, change in changes:
            self._record(subject, known[subject], change, now)
        _write(
            _ACCOUNT,
            "id",
            [
                {
                    "id": subject,
                    **change.account,
                    "address": address_line(*_where(known[subject].places[0], change.place)),
                    "search": _search(known[subject], change),
                    "identity": _look(known[subject], change),
                }
                for subject, change in changes
            ],
        )
        _write(
            _PLACE,
            "id",
            [{"id": known[subject].places[0].id, **change.place} for subject, change in changes if change.place],
        )
        _write(
            _PLACE,
            "account_id",
            [
                {"account_id": subject, **repeated}
                for subject, change in changes
                if (repeated := {name: change.account[name] for name in _REPEATED if name in change.account})
            ],
        )
        show_on_map([subject for subject, change in changes if "qk" in change.place])
        _add_contacts([(subject, change.contact) for subject, change in changes if change.contact])
        _add_notes([(subject, change.note) for subject, change in changes if change.note], now)
        tell("account", [subject for subject, _ in changes])

    # --- One row ---

    def _owner_of(self, email: str) -> UUID | None:
        colleague = self._colleagues.get(email.casefold())
        return colleague.id if colleague and colleague.is_active else None

    def _new_account(self, subject: UUID, record: ParsedAccount, now: datetime) -> dict[str, Any]:
        line = address_line(record.address, record.district, record.city)
        return {
            "id": subject,
            "name": record.name,
            "name_en": record.name_en,
            "category": record.category,
            "rating": record.grade or "C",
            "phone": record.phone,
            "email": record.email,
            "website": record.website,
            "language": LANGUAGES_OF.get(record.country, self._language),
            "owner_id": self._owner_of(record.owner_email),
            "address": line,
            "identity": record.look,
            "search": found_by([record.name, record.name_en], [line, record.contact], [record.phone]),
            "created_at": now,
        }

    def _new_place(self, subject: UUID, record: ParsedAccount) -> dict[str, Any]:
        where = position_columns(record.position, _certainty(record))
        return {
            "id": new_id(),
            "account_id": subject,
            "owner_id": self._owner_of(record.owner_email),
            "rating": record.grade or "C",
            "country": record.country,
            "region": record.region,
            "city": record.city,
            "district": record.district,
            "address": record.address,
            "postcode": record.postcode,
            "zone": record.zone or self._zone,
            "hours": _hours(record.opening_hours),
            **where,
            "map_qk": where["qk"],
        }

    def _change(self, known: _Known, record: ParsedAccount) -> _Change:
        main = known.places[0]
        account = _news(known.account, _said(record, _OF_ACCOUNT))
        place = _news(main, _said(record, _OF_PLACE))
        owner_id = self._owner_of(record.owner_email)
        if owner_id and owner_id != known.account.owner_id:
            account["owner_id"] = owner_id
        position = record.position
        # What somebody found at the door is worth more than the middle of a district.
        if position and not (record.is_approximate and main.certainty == "exact"):
            wanted = position_columns(position, _certainty(record))
            if any(getattr(main, name) != wanted[name] for name in ("certainty", "lat", "lon")):
                place |= wanted
        if record.zone and record.zone != main.zone and place.keys() & {"country", "region", "lat"}:
            place["zone"] = record.zone
        met = {fold(contact.name) for contact in known.contacts}
        return _Change(
            account,
            place,
            record.contact if record.contact and fold(record.contact) not in met else "",
            record.note if record.note and record.note not in known.notes else "",
        )

    def _record(self, subject: UUID, known: _Known, change: _Change, now: datetime) -> None:
        new = change.account
        named = {name: new.get(name, getattr(known.account, name)) for name in ("name", "rating")}
        journal(self._actor, AccountChanged(subject, **named), now)
        if "owner_id" in new:
            journal(self._actor, AccountAssigned(subject, known.account.owner_id, new["owner_id"]), now)
        if change.place:
            main = known.places[0]
            said = {name: change.place.get(name, getattr(main, name)) for name in ("address", "lat", "lon")}
            journal(self._actor, PlaceSaved(main.id, account_id=subject, **said), now)


# --- What a record says ---------------------------------------------------------------------------------


def _said(record: ParsedAccount, columns: Mapping[str, str]) -> dict[str, str]:
    """Column -> what the record says; nothing about what it leaves blank."""
    said = {column: getattr(record, field) for column, field in columns.items()}
    if "hours" in said:
        said["hours"] = _hours(said["hours"])
    return {column: value for column, value in said.items() if value}


def _news(row: AnyRow, said: Mapping[str, str]) -> dict[str, Any]:
    return {column: value for column, value in said.items() if value != getattr(row, column)}


@lru_cache(maxsize=4096)
def _hours(text: str) -> str:
    """Opening hours in the form in which they are stored; words that nobody can compute with stay as they are."""
    try:
        return written_hours(text)
    except InvalidError:
        return text


def _certainty(record: ParsedAccount) -> str:
    return "approximate" if record.is_approximate else "exact"


def _nearest_first(record: ParsedAccount, rows: list[AnyRow]) -> list[UUID]:
    def metres(row: AnyRow) -> float:
        if record.position is None or row.lat is None:
            return 0.0 if not record.address else inf
        return distance_m(record.position, Position(row.lat, row.lon))

    found = sorted((metres(row), row.account_id) for row in rows)
    return [subject for away, subject in found if record.address or away <= NEAR_M]


# --- What is stored -------------------------------------------------------------------------------------


def _load(subjects: Sequence[UUID]) -> dict[UUID, _Known]:
    """The accounts with their places, contacts and notes: four statements."""
    rows = db.session.execute(select(_ACCOUNT).where(Account.id.in_(subjects)))
    known = {row.id: _Known(row, [], [], set()) for row in rows}
    for row in db.session.execute(
        select(_PLACE)
        .where(Place.account_id.in_(subjects), Place.archived_at.is_(None))
        .order_by(Place.position_in_list, Place.id)
    ):
        known[row.account_id].places.append(row)
    for row in db.session.execute(
        select(Contact.account_id, Contact.name, Contact.phone).where(
            Contact.account_id.in_(subjects), Contact.archived_at.is_(None)
        )
    ):
        known[row.account_id].contacts.append(row)
    for row in db.session.execute(select(Note.account_id, Note.text).where(Note.account_id.in_(subjects))):
        known[row.account_id].notes.add(row.text)
    return known


def _search(known: _Known, change: _Change) -> str:
    """The text by which the account will be found, composed as app.accounts.actions.refresh does."""

    def new(name: str) -> str:
        return str(change.account.get(name, getattr(known.account, name)))

    lines = [address_line(*_where(place, change.place if not n else {})) for n, place in enumerate(known.places)]
    labels = [place.label for place in known.places]
    contacts = [contact.name for contact in known.contacts]
    phones = [contact.phone for contact in known.contacts]
    return found_by(
        [new("name"), new("name_en")], [*lines, *labels, *contacts, change.contact], [new("phone"), *phones]
    )


def _look(known: _Known, change: _Change) -> str:
    name = change.account.get("name", known.account.name)
    return f"at:{place_key(name, _where(known.places[0], change.place)[0])}"


def _where(place: AnyRow, change: Mapping[str, Any]) -> tuple[str, str, str]:
    address, district, city = (change.get(name, getattr(place, name)) for name in ("address", "district", "city"))
    return address, district, city


def _write(table: Table, key: str, rows: Sequence[dict[str, Any]]) -> None:
    """Update rows by the column `key`, those with the same columns together; each row's version goes up."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append({f"new_{name}": value for name, value in row.items()})
    for names, values in alike.items():
        new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names if name != key}
        found = table.c[key] == bindparam(f"new_{key}")
        db.session.execute(update(table).where(found).values(**new, version=table.c.version + 1), values)


def _add_contacts(contacts: Sequence[tuple[UUID, str]]) -> None:
    if contacts:
        rows = [{"id": new_id(), "account_id": subject, "name": name} for subject, name in contacts]
        db.session.execute(insert(_CONTACT), rows)


def _add_notes(notes: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Notes that nobody wrote here: without a person."""
    if notes:
        rows = [{"id": new_id(), "account_id": subject, "at": now, "text": text} for subject, text in notes]
        db.session.execute(insert(_NOTE), rows)


ACCOUNTS = Target(
    KIND,
    N_("Customers"),
    "accounts.account_index",
    P.ACCOUNTS_IMPORT,
    {
        "id": N_("Number in the source"),
        "name": N_("Name"),
        "name_en": N_("English name"),
        "category": N_("Category"),
        "class": N_("Class"),
        "country": N_("Country"),
        "region": N_("Province or state"),
        "city": N_("City"),
        "district": N_("District"),
        "address": N_("Address"),
        "postcode": N_("Postcode"),
        "phone": N_("Phone"),
        "website": N_("Website"),
        "email": N_("E-mail"),
        "contact": N_("Contact person"),
        "opening_hours": N_("Opening hours"),
        "lat": N_("Latitude"),
        "lon": N_("Longitude"),
        "approx_lat": N_("Latitude, roughly"),
        "approx_lon": N_("Longitude, roughly"),
        "approx_level": N_("How roughly the position is known"),
        "owner_email": N_("Owner"),
        "note": N_("Note"),
    },
    AccountIntake,
)
"""Plugged into the import engine by the slice's manifest."""
