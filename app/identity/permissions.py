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
    BEATS_MANAGE = "beats:manage"  # week plans of reps, and their absences
    CATALOGUE_MANAGE = "catalogue:manage"
    CATALOGUE_READ = "catalogue:read"
    COMPANY_MANAGE = "company:manage"
    CONTRACTS_MAKE = "contracts:make"
    CONTRACTS_PRINT = "contracts:print"  # several as one, for the back office
    CONTRACTS_READ = "contracts:read"
    COVERAGE_MANAGE = "coverage:manage"  # how often customers are to be visited
    PEOPLE_MANAGE = "people:manage"
    PLANNING_USE = "planning:use"  # nearby and the day plan
    PROFILE_OWN = "profile:own"  # everybody's own settings
    QUESTIONS_MANAGE = "questions:manage"  # what is asked at visits, and what was answered
    SALES_CONFIRM = "sales:confirm"  # back office: check orders, cancel anybody's
    SALES_READ = "sales:read"
    SALES_WRITE = "sales:write"
    TERRITORIES_MANAGE = "territories:manage"  # see all, draft and apply changes
    VISITS_READ = "visits:read"
    VISITS_TEAM = "visits:team"  # the manager's board
    VISITS_WRITE = "visits:write"


_REP = frozenset(
    {
        P.ACCOUNTS_READ, P.ACCOUNTS_WRITE, P.CATALOGUE_READ, P.CONTRACTS_MAKE, P.CONTRACTS_READ, P.PLANNING_USE,
        P.PROFILE_OWN, P.SALES_READ, P.SALES_WRITE, P.VISITS_READ, P.VISITS_WRITE,
    }
)  # fmt: skip
_MANAGER = _REP | {
    P.ACCOUNTS_ASSIGN, P.BEATS_MANAGE, P.COVERAGE_MANAGE, P.QUESTIONS_MANAGE, P.TERRITORIES_MANAGE, P.VISITS_TEAM,
}  # fmt: skip
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

WORDS: dict[str, str] = {
    P.PLANNING_USE: N_("See who is near and plan the day"),
    P.VISITS_READ: N_("See visits"),
    P.VISITS_WRITE: N_("Plan visits, check in and out, report"),
    P.BEATS_MANAGE: N_("Plan and publish the weeks of reps, and enter who is absent"),
    P.COVERAGE_MANAGE: N_("Set how often customers are to be visited"),
    P.QUESTIONS_MANAGE: N_("Set up the questions for visits, and see what was answered"),
    P.VISITS_TEAM: N_("See the team's visits on the board, accept or query them"),
    P.ACCOUNTS_READ: N_("See customers"),
    P.ACCOUNTS_WRITE: N_("Add and change customers"),
    P.ACCOUNTS_ASSIGN: N_("Give customers to somebody, and a price list to customers"),
    P.ACCOUNTS_IMPORT: N_("Import customers from files"),
    P.TERRITORIES_MANAGE: N_("Draw and import territories, and change who covers what"),
    P.CATALOGUE_READ: N_("See products and prices"),
    P.CATALOGUE_MANAGE: N_("Change products and price lists"),
    P.SALES_READ: N_("See quotes and orders"),
    P.SALES_WRITE: N_("Write quotes and orders"),
    P.SALES_CONFIRM: N_("Check orders, and cancel anybody's"),
    P.CONTRACTS_READ: N_("See contracts"),
    P.CONTRACTS_MAKE: N_("Make contracts"),
    P.CONTRACTS_PRINT: N_("Print several contracts as one document"),
    P.PEOPLE_MANAGE: N_("Manage people and teams"),
    P.COMPANY_MANAGE: N_("Change the company's particulars and logo"),
    P.PROFILE_OWN: N_("Change one's own settings and password"),
}
"""Permission -> what it allows, in the order of a day (msgids)."""

REACH_WORDS: dict[Reach, str] = {
    Reach.OWN: N_("Sees what is their own, and customers that nobody has"),
    Reach.TEAM: N_("Sees what belongs to their team and the teams below it, and customers that nobody has"),
    Reach.ALL: N_("Sees everything"),
}
"""Whose rows somebody sees (msgids)."""
