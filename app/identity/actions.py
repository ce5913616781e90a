"""What people do with their sign-in; what administrators do with people is in administration.py."""

from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.identity.events import DeviceEnded, DeviceRevoked, DeviceSignedIn, PasswordChanged, PersonChanged
from app.identity.models import Device, FailedSignIn, Person
from app.identity.permissions import P
from app.identity.queries import count_failures, find_person_by_email, get_self
from app.identity.rules import (
    GUESS_WINDOW,
    SAME_TAP,
    SEEN_EVERY,
    DeviceState,
    check_password,
    device_name,
    device_state,
    fold_email,
    forgotten_before,
    must_wait,
)
from app.infra.db import TryAgainError, db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.i18n import N_
from app.kernel.ids import new_id

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


def change_own_password(actor: Actor, current: str, new: str, address: str, device_id: UUID, now: datetime) -> Person:
    """Set a new password and end all devices but `device_id`, whose session the caller starts anew.

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
    end_devices(actor, person.id, now, but=device_id)
    return person


def change_own_profile(actor: Actor, values: dict[str, object], version: int | None, now: datetime) -> Person:
    """Change name, phone, language, zone, start and end of the day, working hours and most visits of oneself."""
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
    "lunch_minutes", "end_label", "end_lat", "end_lon", "most_visits",
)  # fmt: skip


# --- Devices ----------------------------------------------------------------------------------------------------------


def begin_device(actor: Actor, device_id: UUID | None, user_agent: str, now: datetime) -> Device:
    """The device on which somebody has just signed in with the password.

    `device_id` is the key of the sign-in form: a double tap makes one device. What was signed out, taken away, somebody
    else's or begun long ago is never begun again: then it gets another id.
    """
    must(actor, P.PROFILE_OWN)
    device = db.session.get(Device, device_id) if device_id else None
    if device is not None:
        is_live = _state(device, now) is DeviceState.LIVE and now - device.created_at < SAME_TAP
        if is_live and device.person_id == actor.person_id:
            return device
        device_id = None
    device = Device(
        id=device_id or new_id(), person_id=actor.person_id, name=device_name(user_agent), created_at=now, seen_at=now
    )
    db.session.add(device)
    record(actor, DeviceSignedIn(device.id, person_id=device.person_id, name=device.name), now)
    try:
        db.session.flush()
    except IntegrityError as error:  # the other one of a double tap runs right now
        raise TryAgainError from error
    return device


def touch_device(device_id: UUID, now: datetime) -> None:
    """Note that the device was here; does nothing where that was noted within SEEN_EVERY."""
    unseen = Device.id == device_id, Device.seen_at <= now - SEEN_EVERY
    db.session.execute(update(Device).where(*unseen).values(seen_at=now))


def end_device(actor: Actor, device_id: UUID, now: datetime) -> None:
    """Sign oneself out on a device; nothing happens to one that is not signed in any more."""
    must(actor, P.PROFILE_OWN)
    _end(actor, [device for device in _devices(actor.person_id) if device.id == device_id], now)


def end_devices(actor: Actor, person_id: UUID, now: datetime, but: UUID | None = None) -> None:
    """End all devices of a person (`but` one), whose sessions a new password or role has ended already."""
    must(actor, P.PROFILE_OWN if person_id == actor.id else P.PEOPLE_MANAGE)
    _end(actor, [device for device in _devices(person_id) if device.id != but], now)


def revoke_device(actor: Actor, person_id: UUID, device_id: UUID, here: UUID, now: datetime) -> None:
    """Take a device away from oneself, or as administrator from anybody: it is wiped at its next contact.

    NotFoundError where it is not that person's. `here` is the device in use, which one ends by signing out
    (InvalidError).
    """
    must(actor, P.PROFILE_OWN if person_id == actor.id else P.PEOPLE_MANAGE)
    found = [device for device in _devices(person_id) if device.id == device_id]
    if not found:
        raise NotFoundError
    if device_id == here:
        raise InvalidError("", N_("You end the device that you are using by signing out."))
    _revoke(actor, found, now)


def revoke_devices(actor: Actor, person_id: UUID, now: datetime) -> None:
    """Take all devices away from somebody."""
    must(actor, P.PEOPLE_MANAGE)
    _revoke(actor, _devices(person_id), now)


def end_restored_devices(now: datetime) -> None:
    """After a restore everybody signs in again: a backup does not know which devices were taken away since."""
    db.session.execute(update(Device).where(Device.ended_at.is_(None)).values(ended_at=now))


def forget_devices(now: datetime) -> None:
    """Delete the devices that nobody needs any more (rules.forgotten_before); the journal still tells of them."""
    revoked_before, begun_before = forgotten_before(now)
    over = and_(Device.revoked_at.is_(None), Device.created_at < begun_before)
    db.session.execute(delete(Device).where(or_(over, Device.revoked_at < revoked_before)))


def _devices(person_id: UUID) -> list[Device]:
    return list(db.session.scalars(select(Device).where(Device.person_id == person_id).order_by(Device.id)))


def _state(device: Device, now: datetime) -> DeviceState:
    return device_state(device.created_at, device.ended_at, device.revoked_at, now)


def _end(actor: Actor, devices: list[Device], now: datetime) -> None:
    for device in devices:
        if _state(device, now) is DeviceState.LIVE:
            device.ended_at = now
            record(actor, DeviceEnded(device.id, person_id=device.person_id), now)
    db.session.flush()


def _revoke(actor: Actor, devices: list[Device], now: datetime) -> None:
    for device in devices:
        if device.revoked_at is None:
            device.revoked_at = now
            record(actor, DeviceRevoked(device.id, person_id=device.person_id), now)
    db.session.flush()
