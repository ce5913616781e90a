"""The absences that somebody finds under "Stored about me"."""

from app.beats.queries import counted_absences, list_own_absences
from app.identity.ports import Column, Stored
from app.kernel.i18n import N_

ABSENCES = Stored(
    "absences",
    N_("Absences"),
    (
        Column("first_on", N_("First day")),
        Column("last_on", N_("Last day")),
        Column("why", N_("Why")),
        Column("created_at", N_("Entered")),
        Column("by", N_("Entered by")),
    ),
    counted_absences,
    list_own_absences,
)
