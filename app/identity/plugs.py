"""What identity tells the web: whom a session cookie stands for."""

from datetime import UTC, datetime
from uuid import UUID

from app.identity.queries import actor_of, find_with_device
from app.identity.rules import SEEN_EVERY, DeviceState, device_state
from app.web.actor import Revoked, SignedIn


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
