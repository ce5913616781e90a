"""Territories: who covers which part of the map, and what becomes of the accounts when that changes."""

from app.infra.news import Listener
from app.territories import jobs
from app.territories.actions import hear_accounts
from app.web.slice import Slice

SLICE = Slice(
    name="territories",
    jobs=jobs.JOBS,
    plugs=(Listener("account", hear_accounts),),
)
