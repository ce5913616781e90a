"""What people do with customers. Derived columns (search, identity, owner and keys of places) are kept up only here."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from uuid import UUID, uuid5

from sqlalchemy import false, func, or_, select, update

from app.accounts.columns import place_key
from app.accounts.events import (
    AccountAdded,
    AccountArchived,
    AccountAssigned,
    AccountChanged,
    AccountRestored,
    ContactArchived,
    ContactSaved,
    NoteAdded,
    PlaceArchived,
    PlaceSaved,
)
from app.accounts.mapped import show_on_map
from app.accounts.models import Account, Contact, Note, Place
from app.accounts.queries import get_account, get_contact, get_place, list_places
from app.accounts.rules import (
    AccountInput,
    ContactInput,
    PlaceInput,
    address_line,
    check_account,
    check_contact,
    check_place,
    found_by,
    position_columns,
    written_hours,
)
from app.identity.models import Person
from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.infra.news import tell
from app.infra.scope import belongs_to
from app.kernel.access import SYSTEM, Actor, must
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.ids import new_id

MOST_PLACES = MOST_CONTACTS = 200  # of one account; a page shows them all
LONGEST_NOTE = 4000

# --- Accounts -------------------------------------------------------------------------------------------


def add_account(
    actor: Actor,
    row_id: UUID | None,
    given: AccountInput,
    place: PlaceInput,
    contact: ContactInput | None,
    owner_id: UUID | None,
    now: datetime,
) -> Account:
    """A new customer with its main place and perhaps a contact; `owner_id` None puts it into the public pool.

    Without the right to assign it is always the actor's own. `row_id` there already: that account, nothing is done.
    """
    must(actor, P.ACCOUNTS_WRITE)
    known = db.session.get(Account, row_id) if row_id else None
    if known is not None:
        return _own(actor, known, known.created_by)
    check_account(given)
    if not actor.may(P.ACCOUNTS_ASSIGN):
        owner_id = actor.id
    elif owner_id != actor.id:
        _check_owner(actor, owner_id)
    account = Account(
        id=row_id or new_id(), **asdict(given), owner_id=owner_id, created_at=now, created_by=actor.id
    )  # fmt: skip
    db.session.add(account)
    db.session.flush()
    _new_place(account, None, place, 0)
    if contact is not None:
        check_contact(contact)
        db.session.add(Contact(account_id=account.id, **asdict(contact)))
    record(actor, AccountAdded(account.id, name=account.name, owner_id=owner_id), now)
    refresh(account)
    return account


def change_account(actor: Actor, account_id: UUID, given: AccountInput, version: int | None, now: datetime) -> Account:
    """Change an account's particulars. StaleError where it changed since `version`."""
    must(actor, P.ACCOUNTS_WRITE)
    account = get_account(actor, account_id)
    must_match(version, account.version)
    check_account(given)
    for name, value in asdict(given).items():
        setattr(account, name, value)
    account.version += 1
    record(actor, AccountChanged(account.id, name=account.name, rating=account.rating), now)
    refresh(account)
    return account


def assign_owner(actor: Actor, account_id: UUID, owner_id: UUID | None, version: int | None, now: datetime) -> Account:
    """Give an account to somebody whom the actor sees, or (None) back to the public pool."""
    must(actor, P.ACCOUNTS_ASSIGN)
    account = get_account(actor, account_id)
    if account.owner_id == owner_id:
        return account
    must_match(version, account.version)
    _check_owner(actor, owner_id)
    record(actor, AccountAssigned(account.id, before=account.owner_id, owner_id=owner_id), now)
    account.owner_id = owner_id
    account.version += 1
    refresh(account)
    return account


def assign_owners(actor: Actor, owners: Mapping[UUID, UUID | None], now: datetime) -> Collection[UUID]:
    """As `assign_owner`, of many accounts at once: account -> its new owner. Returns those that got one; what the actor
    does not see stays as it is, and so does what would go to somebody he does not see or who is here no longer."""
    must(actor, P.ACCOUNTS_ASSIGN)
    wanted = {owner for owner in owners.values() if owner is not None}
    active = select(Person.id).where(
        Person.id.in_(wanted), Person.deactivated_at.is_(None), belongs_to(actor, Person.id)
    )
    known = {None, *db.session.scalars(active)}
    seen = select(Account.id, Account.owner_id).where(
        Account.id.in_(list(owners)), belongs_to(actor, Account.owner_id, pool=True)
    )
    given: dict[UUID | None, list[UUID]] = {}
    for account_id, before in db.session.execute(seen):
        owner_id = owners[account_id]
        if owner_id != before and owner_id in known:
            given.setdefault(owner_id, []).append(account_id)
            record(actor, AccountAssigned(account_id, before=before, owner_id=owner_id), now)
    for owner_id, ids in given.items():
        change = update(Account).where(Account.id.in_(ids))
        db.session.execute(change.values(owner_id=owner_id, version=Account.version + 1))
        db.session.execute(update(Place).where(Place.account_id.in_(ids)).values(owner_id=owner_id))
    return {account_id for ids in given.values() for account_id in ids}


def tell_alike(account_id: UUID, text: str, now: datetime) -> None:
    """Keep a note of the house with a new account that looks like another one, where nobody could be asked; `text` is
    for its readers. Once, also where the post comes again."""
    add_note(SYSTEM, account_id, uuid5(account_id, "alike"), text[:LONGEST_NOTE], now)


def archive_account(actor: Actor, account_id: UUID, now: datetime) -> None:
    """Put an account away: out of lists, search and plans. What happened with it stays."""
    must(actor, P.ACCOUNTS_WRITE)
    account = get_account(actor, account_id)
    if account.archived_at is None:
        account.archived_at = now
        account.version += 1
        record(actor, AccountArchived(account.id), now)
        refresh(account)


def restore_account(actor: Actor, account_id: UUID, now: datetime) -> None:
    """Bring an account back that was put away."""
    must(actor, P.ACCOUNTS_WRITE)
    account = get_account(actor, account_id)
    if account.archived_at is not None:
        account.archived_at = None
        account.version += 1
        record(actor, AccountRestored(account.id), now)
        refresh(account)


def note_visit(account_id: UUID, visited_on: date | None, next_visit_on: date | None) -> None:
    """Keep up what the account knows of its visits; for the visits slice, which has checked who may.

    `visited_on`: a visit took place that day (an earlier one than the last changes nothing), with what was agreed at
    it. None: no visit, but another day was agreed. The version stays: nobody's open form says anything about this.
    """
    change = update(Account).where(Account.id == account_id)
    if visited_on is None:
        db.session.execute(change.values(next_visit_on=next_visit_on))
    else:
        is_latest = or_(Account.last_visit_on.is_(None), Account.last_visit_on <= visited_on)
        db.session.execute(change.where(is_latest).values(last_visit_on=visited_on, next_visit_on=next_visit_on))
        is_latest = or_(Place.last_visit_on.is_(None), Place.last_visit_on <= visited_on)
        places = update(Place).where(Place.account_id == account_id, is_latest)
        db.session.execute(places.values(last_visit_on=visited_on))


def refresh(account: Account) -> None:
    """Compute anew what is derived from an account, its places and contacts: its address, the text it is found by, its
    identity, and what its places repeat of it."""
    db.session.flush()
    live = Place.archived_at.is_(None) if account.archived_at is None else false()
    repeated = update(Place).where(Place.account_id == account.id)
    db.session.execute(
        repeated.values(
            owner_id=account.owner_id, rating=account.rating, last_visit_on=account.last_visit_on, is_live=live
        )
    )
    show_on_map([account.id])
    places = db.session.execute(
        select(Place.label, Place.address, Place.district, Place.city)
        .where(Place.account_id == account.id, Place.archived_at.is_(None))
        .order_by(Place.position_in_list, Place.id)
    ).all()
    contacts = db.session.execute(
        select(Contact.name, Contact.phone).where(Contact.account_id == account.id, Contact.archived_at.is_(None))
    ).all()
    addresses = [address_line(place.address, place.district, place.city) for place in places]
    account.address = addresses[0] if addresses else ""
    account.search = found_by(
        [account.name, account.name_en],
        [
            *addresses,
            *(place.label for place in places),
            *(contact.name for contact in contacts),
        ],
        [account.phone, *(contact.phone for contact in contacts)],
    )
    account.identity = f"at:{place_key(account.name, places[0].address if places else '')}"
    db.session.flush()
    tell("account", [account.id])


def _own(actor: Actor, account: Account, made_by: UUID | None) -> Account:
    """The row of a post that came twice; somebody else's id is nobody's business."""
    if made_by != actor.id:
        raise NotFoundError
    return account


def _check_owner(actor: Actor, owner_id: UUID | None) -> None:
    if owner_id is None:
        return
    active = select(Person.id).where(
        Person.id == owner_id, Person.deactivated_at.is_(None), belongs_to(actor, Person.id)
    )
    if db.session.scalar(active) is None:
        raise InvalidError("owner_id", N_("Choose somebody of your team."))


# --- Places ---------------------------------------------------------------------------------------------


def add_place(actor: Actor, account_id: UUID, row_id: UUID | None, given: PlaceInput, now: datetime) -> Place:
    """A further place of an account. `row_id` there already: that place, nothing is done."""
    must(actor, P.ACCOUNTS_WRITE)
    account = get_account(actor, account_id)
    known = db.session.get(Place, row_id) if row_id else None
    if known is not None:
        if known.account_id != account.id:
            raise NotFoundError
        return known
    count, last = db.session.execute(
        select(func.count(), func.max(Place.position_in_list)).where(Place.account_id == account.id)
    ).one()
    if count >= MOST_PLACES:
        raise InvalidError("", N_("An account has at most %(number)s places."), {"number": MOST_PLACES})
    place = _new_place(account, row_id, given, 0 if last is None else last + 1)
    _record_place(actor, place, now)
    refresh(account)
    return place


def change_place(actor: Actor, place_id: UUID, given: PlaceInput, version: int | None, now: datetime) -> Place:
    """Change a place. StaleError where it changed since `version`."""
    must(actor, P.ACCOUNTS_WRITE)
    place = get_place(actor, place_id)
    must_match(version, place.version)
    check_place(given)
    given = replace(given, hours=written_hours(given.hours, place.hours))
    for name, value in _place_columns(given).items():
        setattr(place, name, value)
    place.version += 1
    _record_place(actor, place, now)
    refresh(db.session.get_one(Account, place.account_id))
    return place


def set_position(
    actor: Actor, place_id: UUID, position: Position, certainty: str, now: datetime, version: int | None = None
) -> Place:
    """Say where a place is (WGS-84), as a check-in does for one without. certainty: exact or approximate. StaleError
    where it changed since `version`."""
    must(actor, P.ACCOUNTS_WRITE)
    place = get_place(actor, place_id)
    must_match(version, place.version)
    for name, value in position_columns(position, certainty).items():
        setattr(place, name, value)
    place.version += 1
    _record_place(actor, place, now)
    db.session.flush()
    show_on_map([place.account_id])
    tell("account", [place.account_id])
    return place


def archive_place(actor: Actor, place_id: UUID, now: datetime) -> None:
    """Put a place away; the next one becomes the main place. The last one stays: visits need somewhere to go."""
    must(actor, P.ACCOUNTS_WRITE)
    place = get_place(actor, place_id)
    if place.archived_at is not None:
        return
    others = [other for other in list_places(actor, place.account_id) if other.id != place.id]
    if not others:
        raise InvalidError("", N_("An account needs a place. Change this one instead."))
    place.archived_at = now
    place.version += 1
    if place.position_in_list == 0:
        place.position_in_list, others[0].position_in_list = others[0].position_in_list, 0
    record(actor, PlaceArchived(place.id, account_id=place.account_id), now)
    refresh(db.session.get_one(Account, place.account_id))


def _new_place(account: Account, row_id: UUID | None, given: PlaceInput, position_in_list: int) -> Place:
    check_place(given)
    place = Place(
        id=row_id or new_id(), account_id=account.id, position_in_list=position_in_list,
        **_place_columns(replace(given, hours=written_hours(given.hours))),
    )  # fmt: skip
    db.session.add(place)
    db.session.flush()
    return place


def _place_columns(given: PlaceInput) -> dict[str, object]:
    columns: dict[str, object] = asdict(given) | position_columns(given.position, given.certainty)
    del columns["position"]
    return columns


def _record_place(actor: Actor, place: Place, now: datetime) -> None:
    event = PlaceSaved(place.id, account_id=place.account_id, address=place.address, lat=place.lat, lon=place.lon)
    record(actor, event, now)


# --- Contacts and notes ---------------------------------------------------------------------------------


def add_contact(actor: Actor, account_id: UUID, row_id: UUID | None, given: ContactInput, now: datetime) -> Contact:
    """A person at an account. `row_id` there already: that contact, nothing is done."""
    must(actor, P.ACCOUNTS_WRITE)
    account = get_account(actor, account_id)
    known = db.session.get(Contact, row_id) if row_id else None
    if known is not None:
        if known.account_id != account.id:
            raise NotFoundError
        return known
    check_contact(given)
    count = db.session.scalar(select(func.count()).select_from(Contact).where(Contact.account_id == account.id)) or 0
    if count >= MOST_CONTACTS:
        raise InvalidError("", N_("An account has at most %(number)s contacts."), {"number": MOST_CONTACTS})
    contact = Contact(id=row_id or new_id(), account_id=account.id, **asdict(given))
    db.session.add(contact)
    record(actor, ContactSaved(contact.id, account_id=account.id, name=contact.name), now)
    refresh(account)
    return contact


def change_contact(actor: Actor, contact_id: UUID, given: ContactInput, version: int | None, now: datetime) -> Contact:
    """Change a contact. StaleError where it changed since `version`."""
    must(actor, P.ACCOUNTS_WRITE)
    contact = get_contact(actor, contact_id)
    must_match(version, contact.version)
    check_contact(given)
    for name, value in asdict(given).items():
        setattr(contact, name, value)
    contact.version += 1
    record(actor, ContactSaved(contact.id, account_id=contact.account_id, name=contact.name), now)
    refresh(db.session.get_one(Account, contact.account_id))
    return contact


def archive_contact(actor: Actor, contact_id: UUID, now: datetime) -> None:
    """Put a contact away who is there no longer."""
    must(actor, P.ACCOUNTS_WRITE)
    contact = get_contact(actor, contact_id)
    if contact.archived_at is None:
        contact.archived_at = now
        contact.version += 1
        record(actor, ContactArchived(contact.id, account_id=contact.account_id), now)
        refresh(db.session.get_one(Account, contact.account_id))


def add_note(actor: Actor, account_id: UUID, row_id: UUID | None, text: str, now: datetime) -> Note:
    """Something worth knowing about an account. `row_id` there already: that note, nothing is done."""
    must(actor, P.ACCOUNTS_WRITE)
    account = get_account(actor, account_id)
    known = db.session.get(Note, row_id) if row_id else None
    if known is not None:
        if known.account_id != account.id:
            raise NotFoundError
        return known
    if not text.strip():
        raise InvalidError("text", N_("Write something first."))
    if len(text) > LONGEST_NOTE:
        raise InvalidError("text", N_("That is too long: at most %(number)s characters."), {"number": LONGEST_NOTE})
    note = Note(id=row_id or new_id(), account_id=account.id, person_id=actor.id, at=now, text=text.strip())
    db.session.add(note)
    record(actor, NoteAdded(note.id, account_id=account.id), now)
    db.session.flush()
    return note
