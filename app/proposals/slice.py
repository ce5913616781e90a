"""Proposals: check-ins say where a customer's places are; on the customer's page, adopted by one tap or put aside."""

from app.identity.permissions import P
from app.proposals import views
from app.web.slice import Panel, Slice

SLICE = Slice(
    name="proposals",
    blueprints=(views.blueprint,),
    panels=(Panel("account", 5, P.ACCOUNTS_WRITE, "proposals/panel.html", views.proposals_panel),),
)
