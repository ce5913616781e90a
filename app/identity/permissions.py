"""The vocabulary of permissions and what each role holds: one page to audit.

Grammar: <slice>:<verb>. A role sees the rows within its reach (own, team and below, all), whatever its permissions.
"""

from app.kernel.access import Reach
from app.kernel.i18n import N_


class P:
    """Every permission there is, alphabetically."""

    ACCOUNTS_ASSIGN = "accounts:assign"  # give an account to somebody
    ACCOUNTS_IMPORT = "accounts:import"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    CATALOGUE_MANAGE = "catalogue:manage"
    CATALOGUE_READ = "catalogue:read"
    COMPANY_MANAGE = "company:manage"
    CONTRACTS_MAKE = "contracts:make"
    CONTRACTS_PRINT = "contracts:print"  # several as one, for the back office
    CONTRACTS_READ = "contracts:read"
    PEOPLE_MANAGE = "people:manage"
    PLANNING_USE = "planning:use"  # nearby and the day plan
    PROFILE_OWN = "profile:own"  # everybody's own settings
    SALES_CONFIRM = "sales:confirm"  # back office: check orders, cancel anybody's
    SALES_READ = "sales:read"
    SALES_WRITE = "sales:write"
    VISITS_READ = "visits:read"
    VISITS_TEAM = "visits:team"  # the manager's board
    VISITS_WRITE = "visits:write"


_REP = frozenset(
    {
        P.ACCOUNTS_READ, P.ACCOUNTS_WRITE, P.CATALOGUE_READ, P.CONTRACTS_MAKE, P.CONTRACTS_READ, P.PLANNING_USE,
        P.PROFILE_OWN, P.SALES_READ, P.SALES_WRITE, P.VISITS_READ, P.VISITS_WRITE,
    }
)  # fmt: skip
_MANAGER = _REP | {P.ACCOUNTS_ASSIGN, P.VISITS_TEAM}
_OFFICE = frozenset(
    {
        P.ACCOUNTS_ASSIGN, P.ACCOUNTS_IMPORT, P.ACCOUNTS_READ, P.ACCOUNTS_WRITE, P.CATALOGUE_READ, P.CONTRACTS_MAKE,
        P.CONTRACTS_PRINT, P.CONTRACTS_READ, P.PROFILE_OWN, P.SALES_CONFIRM, P.SALES_READ, P.SALES_WRITE,
        P.VISITS_READ,
    }
)  # fmt: skip
_ADMIN = _MANAGER | _OFFICE | {P.CATALOGUE_MANAGE, P.COMPANY_MANAGE, P.PEOPLE_MANAGE}

ROLES: dict[str, tuple[str, Reach, frozenset[str]]] = {
    "rep": (N_("Sales rep"), Reach.OWN, _REP),
    "manager": (N_("Sales manager"), Reach.TEAM, _MANAGER),
    "office": (N_("Back office"), Reach.ALL, _OFFICE),
    "admin": (N_("Administrator"), Reach.ALL, _ADMIN),
}
"""Role -> its name (msgid), whose rows it sees, what it may do."""
