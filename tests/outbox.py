"""What a phone's outbox says with a post that it kept."""

from datetime import UTC, datetime, timedelta

NEVER = timedelta(0)


def kept(ago: timedelta, *, wrong: timedelta = NEVER, attended: bool = False, person: object = None) -> dict[str, str]:
    """Headers of a post that was made so long ago and is sent now, by a phone whose clock is so much wrong."""
    now = datetime.now(UTC) + wrong
    said = {"Outbox-Captured": (now - ago).isoformat(), "Outbox-Sent": now.isoformat()}
    if attended:
        said["Outbox-Attended"] = "1"
    if person is not None:
        said["Outbox-Person"] = str(person)
    return said
