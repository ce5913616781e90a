"""What identity tells the web: whom a session cookie stands for; and what the slices store about people."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask, current_app

from app.identity.ports import Stored
from app.identity.queries import actor_of, find_with_device
from app.identity.rules import SEEN_EVERY, DeviceState, device_state
from app.web.actor import Revoked, SignedIn
from app.web.slice import Slice


def load_signed_in(person_id: UUID, device_id: UUID) -> SignedIn | Revoked | None:
    """Who is signed in on the device; Revoked where it was taken away, None where nobody is, or no longer."""
    found = find_with_device(person_id, device_id)
    if found is None:
        return None
    person, device = found
    state = device_state(device.created_at, device.ended_at, device.revoked_at, datetime.now(UTC))
    if state is DeviceState.REVOKED:
        return Revoked()
    if state is DeviceState.OVER or person.deactivated_at is not None:
        return None
    return SignedIn(actor_of(person), person.session_version, device.id, device.seen_at + SEEN_EVERY)


def collect(app: Flask, slices: Iterable[Slice]) -> None:
    """Take what they store about people out of all manifests, at start-up."""
    app.extensions["stored"] = {plug.name: plug for each in slices for plug in each.plugs if isinstance(plug, Stored)}


def stored() -> dict[str, Stored]:
    """The tables of what is stored about a person, by name, lowest slice first."""
    found: dict[str, Stored] = current_app.extensions["stored"]
    return found
