"""What identity stores about a person: devices, who looked at them, what they did."""

from app.identity.ports import Column, Stored
from app.identity.queries import (
    counted_devices,
    counted_journal,
    counted_looks,
    list_journal_of,
    list_looks_at,
    list_own_devices,
)
from app.infra.looks import SEEN_NAMES
from app.kernel.i18n import N_

LOOKS = Stored(
    "looks",
    N_("Who looked at where I was"),
    (
        Column("by", N_("Person")),
        Column("what", N_("What"), SEEN_NAMES),
        Column("first_at", N_("From")),
        Column("last_at", N_("Until")),
        Column("times", N_("Times written down")),
    ),
    counted_looks,
    list_looks_at,
)
DEVICES = Stored(
    "devices",
    N_("Devices and sign-ins"),
    (
        Column("name", N_("Device")),
        Column("created_at", N_("Signed in")),
        Column("seen_at", N_("Last seen")),
        Column("ended_at", N_("Signed out")),
        Column("revoked_at", N_("Taken away")),
    ),
    counted_devices,
    list_own_devices,
    lambda _row: "/settings/devices",
)
JOURNAL = Stored(
    "journal",
    N_("What I did, as the journal has it"),
    (
        Column("event", N_("What")),
        Column("at", N_("When")),
        Column("arrived_at", N_("Arrived")),
        Column("subject_id", N_("About"), is_shown=False),
        Column("facts", N_("Details")),
    ),
    counted_journal,
    list_journal_of,
)
STORED = (LOOKS, DEVICES, JOURNAL)
