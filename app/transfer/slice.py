"""Transfer: an engine that takes in the tables people bring; what becomes of a row is said by who plugs in."""

from app.identity.permissions import P
from app.kernel.i18n import N_
from app.transfer import jobs, views
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="transfer",
    blueprints=(views.blueprint,),
    menu=(MenuItem(N_("Import"), "transfer.import_index", "import", P.ACCOUNTS_IMPORT, "more", N_("Company"), 70),),
    jobs=jobs.JOBS,
)
