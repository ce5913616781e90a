"""Sync: what the phone carries, and what waits on it."""

from app.identity.permissions import P
from app.kernel.i18n import N_
from app.sync import views
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="sync",
    blueprints=(views.blueprint,),
    menu=(MenuItem(N_("Outbox"), "sync.outbox_show", "outbox", P.VISITS_WRITE, "more", N_("Me"), 890),),
)
