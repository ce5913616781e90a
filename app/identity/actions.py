"""What people do with their sign-in; what administrators do with people is in administration.py."""

from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete

from app.identity.events import PasswordChanged, PersonChanged
from app.identity.models import FailedSignIn, Person
from app.identity.permissions import P
from app.identity.queries import count_failures, find_person_by_email, get_self
from app.identity.rules import GUESS_WINDOW, check_password, fold_email, must_wait
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, must_match
from app.kernel.i18n import N_

_hasher = PasswordHasher()
_nobody = _hasher.hash("nobody has this password")  # checked for unknown people, so that both take as long


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def password_fits(person: Person | None, password: str) -> bool:
    """Whether it is the person's password; takes as long where there is no such person."""
    try:
        _hasher.verify(person.password_hash if person else _nobody, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return person is not None


def authenticate(email: str, password: str, address: str, now: datetime) -> Person | None:
    """The active person with that password, else None and the failure is counted.

    InvalidError with reason when there were too many failures of late; it does not say whether the person exists.
    """
    if must_wait(*count_failures(email, address, now)):
        raise InvalidError("", N_("Too many attempts. Wait a quarter of an hour, then try again."))
    db.session.execute(delete(FailedSignIn).where(FailedSignIn.at < now - GUESS_WINDOW))
    person = find_person_by_email(email)
    if not password_fits(person, password) or person is None or person.deactivated_at is not None:
        db.session.add(FailedSignIn(email=fold_email(email)[:200], address=address, at=now))
        db.session.flush()
        return None
    db.session.execute(delete(FailedSignIn).where(FailedSignIn.email == person.email))
    if _hasher.check_needs_rehash(person.password_hash):
        person.password_hash = hash_password(password)
    db.session.flush()
    return person


def change_own_password(actor: Actor, current: str, new: str, address: str, now: datetime) -> Person:
    """Set a new password and end all sessions but the one that the caller starts anew.

    A wrong `current` counts as a failed sign-in from `address`: whoever finds a phone unlocked cannot try them all.
    """
    must(actor, P.PROFILE_OWN)
    person = get_self(actor)
    if authenticate(person.email, current, address, now) is None:
        raise InvalidError("current", N_("That is not your password."))
    check_password(new, person.email)
    person.password_hash = hash_password(new)
    person.session_version += 1
    record(actor, PasswordChanged(person.id, by_administrator=False), now)
    db.session.flush()
    return person


def change_own_profile(actor: Actor, values: dict[str, object], version: int | None, now: datetime) -> Person:
    """Change name, phone, language, zone, start of the day and working hours of oneself."""
    must(actor, P.PROFILE_OWN)
    person = get_self(actor)
    must_match(version, person.version)
    for name in OWN_FIELDS:
        if name in values:
            setattr(person, name, values[name])
    person.version += 1
    record(actor, PersonChanged(person.id, role=person.role), now)
    db.session.flush()
    return person


OWN_FIELDS = (
    "name", "phone", "language", "zone", "start_label", "start_lat", "start_lon", "work_from", "work_to", "lunch_from",
    "lunch_minutes",
)  # fmt: skip
