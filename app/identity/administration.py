"""What administrators do with people, teams and the company."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.identity.actions import end_devices, hash_password, revoke_devices
from app.identity.events import (
    CompanySaved,
    PasswordChanged,
    PersonAdded,
    PersonChanged,
    PersonDeactivated,
    PersonReactivated,
    TeamSaved,
)
from app.identity.logo import as_logo
from app.identity.models import Company, Person, Team
from app.identity.permissions import ROLES, P
from app.identity.queries import find_company, find_person_by_email, get_company, team_parents
from app.identity.rules import RAW_FIX_DAYS, check_parent, check_password, fold_email
from app.infra import files
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import SYSTEM, Actor, must
from app.kernel.dates import is_zone
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.i18n import LANGUAGES, N_
from app.kernel.money import MoneyError, minor_digits


@dataclass(frozen=True)
class PersonInput:
    """What an administrator writes about somebody. `discount_limit` in basis points."""

    email: str
    name: str
    phone: str
    role: str
    team_id: UUID
    zone: str
    language: str
    discount_limit: int


@dataclass(frozen=True)
class CompanyInput:
    """The company as it stands on documents; for how many days raw positions of check-ins are kept (None: as it is,
    at first 60)."""

    name: str
    legal_name: str
    address: str
    phone: str
    email: str
    tax_number: str
    bank: str
    zone: str
    language: str
    currency: str
    raw_fix_days: int | None = None


def set_up_company(actor: Actor, given: CompanyInput, now: datetime, *, demo: bool = False) -> Company:
    """Make the one company of this database; there is none yet."""
    must(actor, P.COMPANY_MANAGE)
    _check_company(given)
    company = Company(**_said(given), demo=demo)
    db.session.add(company)
    db.session.flush()
    record(actor, CompanySaved(company.id, name=company.name), now)
    return company


def change_company(actor: Actor, given: CompanyInput, version: int | None, now: datetime) -> Company:
    """Change the company's particulars; documents already made keep theirs."""
    must(actor, P.COMPANY_MANAGE)
    company = get_company()
    must_match(version, company.version)
    _check_company(given)
    for name, value in _said(given).items():
        setattr(company, name, value)
    company.version += 1
    record(actor, CompanySaved(company.id, name=company.name), now)
    db.session.flush()
    return company


def set_logo(actor: Actor, picture: bytes | None, now: datetime) -> None:
    """Use a picture (PNG, JPEG, WebP, GIF, BMP or TIFF) as logo, None for no logo.

    It is kept as a PNG named by its SHA-256. InvalidError at `logo` for what is no such picture.
    """
    must(actor, P.COMPANY_MANAGE)
    company = get_company()
    company.logo = files.store(as_logo(picture)) if picture else None  # no field of the form, so its version stays
    record(actor, CompanySaved(company.id, name=company.name), now)
    db.session.flush()


def save_team(
    actor: Actor, team_id: UUID | None, name: str, parent_id: UUID | None, zone: str, version: int | None, now: datetime
) -> Team:
    """Make a team (`team_id` None) or change one."""
    must(actor, P.PEOPLE_MANAGE)
    _check_zone(zone)
    if parent_id is not None and db.session.get(Team, parent_id) is None:
        raise InvalidError("parent_id", N_("Not a valid choice."))
    if team_id is None:
        team = Team(name=name, parent_id=parent_id, zone=zone)
        db.session.add(team)
        db.session.flush()
    else:
        team = get_team(actor, team_id)
        must_match(version, team.version)
        check_parent(team.id, parent_id, team_parents())
        team.name, team.parent_id, team.zone = name, parent_id, zone
        team.version += 1
    record(actor, TeamSaved(team.id, name=name), now)
    db.session.flush()
    return team


def get_team(actor: Actor, team_id: UUID) -> Team:
    """A team, for administrators."""
    must(actor, P.PEOPLE_MANAGE)
    team = db.session.get(Team, team_id)
    if team is None:
        raise NotFoundError
    return team


def get_person(actor: Actor, person_id: UUID) -> Person:
    """A person, for administrators."""
    must(actor, P.PEOPLE_MANAGE)
    person = db.session.get(Person, person_id)
    if person is None:
        raise NotFoundError
    return person


def add_person(actor: Actor, given: PersonInput, password: str, now: datetime) -> Person:
    """Let somebody in."""
    must(actor, P.PEOPLE_MANAGE)
    _check_person(given)
    if find_person_by_email(given.email) is not None:
        raise InvalidError("email", N_("Somebody signs in with this address already."))
    check_password(password, fold_email(given.email))
    person = Person(
        **{**vars(given), "email": fold_email(given.email)}, password_hash=hash_password(password), created_at=now
    )
    db.session.add(person)
    db.session.flush()
    record(actor, PersonAdded(person.id, email=person.email, role=person.role), now)
    return person


def change_person(actor: Actor, person_id: UUID, given: PersonInput, version: int | None, now: datetime) -> Person:
    """Change somebody's particulars, role or team. An administrator cannot take his own role away."""
    person = get_person(actor, person_id)
    must_match(version, person.version)
    _check_person(given)
    if person.id == actor.id and given.role != person.role:
        raise InvalidError("role", N_("You cannot change your own role."))
    other = find_person_by_email(given.email)
    if other is not None and other.id != person.id:
        raise InvalidError("email", N_("Somebody signs in with this address already."))
    if person.role != given.role:
        person.session_version += 1
        end_devices(actor, person.id, now)
    for name, value in vars(given).items():
        setattr(person, name, fold_email(value) if name == "email" else value)
    person.version += 1
    record(actor, PersonChanged(person.id, role=person.role), now)
    db.session.flush()
    return person


def reset_password(actor: Actor, person_id: UUID, password: str, now: datetime) -> None:
    """Give somebody a new password; all their devices are signed out."""
    person = get_person(actor, person_id)
    check_password(password, person.email)
    person.password_hash = hash_password(password)
    person.session_version += 1
    end_devices(actor, person.id, now)
    record(actor, PasswordChanged(person.id, by_administrator=True), now)
    db.session.flush()


def set_active(actor: Actor, person_id: UUID, active: bool, now: datetime) -> None:
    """Close or reopen somebody's sign-in; what they did stays. Closing takes their devices away. Nobody closes their
    own."""
    person = get_person(actor, person_id)
    if person.id == actor.id:
        raise InvalidError("", N_("You cannot close your own sign-in."))
    if (person.deactivated_at is None) == active:
        return
    person.deactivated_at = None if active else now
    person.session_version += 1
    if not active:
        revoke_devices(actor, person.id, now)
    record(actor, PersonReactivated(person.id) if active else PersonDeactivated(person.id), now)
    db.session.flush()


def add_administrator(
    email: str, name: str, password: str, language: str, zone: str, currency: str, now: datetime
) -> Person:
    """The first administrator, from the command line: makes company and team where they are missing."""
    _check_zone(zone)
    if find_company() is None:
        set_up_company(SYSTEM, CompanyInput(name, name, "", "", "", "", "", zone, language, currency.upper()), now)
    team = db.session.scalar(select(Team).where(Team.parent_id.is_(None)).order_by(Team.id))
    if team is None:
        team = save_team(SYSTEM, None, name, None, zone, None, now)
    return add_person(SYSTEM, PersonInput(email, name, "", "admin", team.id, zone, language, 10_000), password, now)


def _check_person(given: PersonInput) -> None:
    if given.role not in ROLES:
        raise InvalidError("role", N_("Not a valid choice."))
    if given.language not in LANGUAGES:
        raise InvalidError("language", N_("Not a valid choice."))
    _check_email(given.email)
    if not 0 <= given.discount_limit <= 10_000:
        raise InvalidError("discount_limit", N_("Write a percentage from 0 to 100, with two decimals at most."))
    if db.session.get(Team, given.team_id) is None:
        raise InvalidError("team_id", N_("Not a valid choice."))
    _check_zone(given.zone)


def _said(given: CompanyInput) -> dict[str, object]:
    return {name: value for name, value in vars(given).items() if value is not None}


def _check_company(given: CompanyInput) -> None:
    if not given.name.strip():
        raise InvalidError("name", N_("This field is required."))
    if given.email.strip():
        _check_email(given.email)
    if given.language not in LANGUAGES:
        raise InvalidError("language", N_("Not a valid choice."))
    try:
        minor_digits(given.currency)
    except MoneyError:
        raise InvalidError("currency", N_("Currency codes have three letters, like CNY.")) from None
    _check_zone(given.zone)
    least, most = RAW_FIX_DAYS
    if given.raw_fix_days is not None and not least <= given.raw_fix_days <= most:
        raise InvalidError(
            "raw_fix_days", N_("Number must be between %(min)s and %(max)s."), {"min": least, "max": most}
        )


def _check_email(email: str) -> None:
    if "@" not in email.strip("@ "):
        raise InvalidError("email", N_("Invalid email address."))


def _check_zone(zone: str) -> None:
    if not is_zone(zone):
        raise InvalidError("zone", N_("Not a valid choice."))
