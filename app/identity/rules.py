"""Who may sign in how often and for how long, what a password must be, and how teams form a tree."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from app.kernel.errors import InvalidError
from app.kernel.i18n import N_

GUESS_WINDOW = timedelta(minutes=15)
GUESSES_PER_EMAIL = 8
GUESSES_PER_ADDRESS = 60  # a whole office may share one address
SHORTEST_PASSWORD = 10
DEVICE_LASTS = timedelta(days=30)  # from its sign-in, however busy it is
COOKIE_LASTS = timedelta(days=400)  # the longest that browsers take: by its cookie a device is known, and wiped
OVER_KEPT = timedelta(days=100)
SEEN_EVERY = timedelta(hours=1)  # a device's contacts are noted no more often
RAW_FIX_DAYS = (7, 3650)  # the least and the most that a company keeps exact positions
SAME_TAP = timedelta(minutes=10)  # within which the same sign-in form, sent again, is the same sign-in

# The first word that a User-Agent holds decides: all of them say "Safari" or "Mozilla" too.
BROWSERS = (
    ("MicroMessenger", "WeChat"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("Edg/", "Edge"), ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"), ("HuaweiBrowser", "Huawei"), ("MiuiBrowser", "Xiaomi"),
    ("HeyTapBrowser", "OPPO"), ("VivoBrowser", "vivo"), ("Quark", "Quark"), ("UCBrowser", "UC"), ("QQBrowser", "QQ"),
    ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"),
    ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"), ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def fold_email(text: str) -> str:
    """The form under which an e-mail address is stored and found."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def check_password(password: str, email: str) -> None:
    """Refuse (InvalidError) what is guessed first; length counts, odd signs do not (NIST SP 800-63B, 3.1.1.2)."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidError("password", N_("Use at least %(number)s characters."), {"number": SHORTEST_PASSWORD})
    if len(password) > 200:
        raise InvalidError("password", N_("Use at most %(number)s characters."), {"number": 200})
    if len(set(password)) < 4 or password.casefold() in (email, email.partition("@")[0]):
        raise InvalidError("password", N_("That password is too easy to guess."))


def must_wait(failures_of_email: int, failures_of_address: int) -> bool:
    """Whether sign-in is closed for now, after that many failures within GUESS_WINDOW."""
    return failures_of_email >= GUESSES_PER_EMAIL or failures_of_address >= GUESSES_PER_ADDRESS


class DeviceState(Enum):
    """LIVE: signed in. OVER: signed out, or its days are over. REVOKED: taken away, whatever else it was."""

    LIVE = "live"
    OVER = "over"
    REVOKED = "revoked"


def device_state(
    created_at: datetime, ended_at: datetime | None, revoked_at: datetime | None, now: datetime
) -> DeviceState:
    """What a device is `now`."""
    if revoked_at is not None:
        return DeviceState.REVOKED
    return DeviceState.OVER if ended_at is not None or now >= created_at + DEVICE_LASTS else DeviceState.LIVE


def forgotten_before(now: datetime) -> tuple[datetime, datetime]:
    """Which devices are not needed any more: those taken away before the first moment, and those of which the sign-in
    began before the second.

    One that was taken away stays for as long as its browser may come back with its cookie, to be wiped then; its last
    contact, which may have renewed the cookie, was before it was taken away. Any other stays OVER_KEPT after its
    sign-in ran out, at DEVICE_LASTS: whoever is closed out meanwhile has it taken away too.
    """
    return now - COOKIE_LASTS, now - DEVICE_LASTS - OVER_KEPT


def device_name(user_agent: str) -> str:
    """What a User-Agent says of browser and system, in short: "Chrome · Android"; '' where nothing is known."""
    found = (next((name for sign, name in each if sign in user_agent), "") for each in (BROWSERS, SYSTEMS))
    return " · ".join(filter(None, found))


def team_and_below(team: UUID, parents: Iterable[tuple[UUID, UUID | None]]) -> frozenset[UUID]:
    """The team and all teams under it; `parents` are (team, its parent) of the whole tree."""
    children: dict[UUID | None, list[UUID]] = {}
    for child, parent in parents:
        children.setdefault(parent, []).append(child)
    found: set[UUID] = set()
    waiting = [team]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += children.get(here, [])
    return frozenset(found)


def check_parent(team: UUID, parent: UUID | None, parents: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Refuse (InvalidError) a parent that would close a circle."""
    if parent is not None and parent in team_and_below(team, parents):
        raise InvalidError("parent_id", N_("A team cannot stand below itself."))


@dataclass(frozen=True, slots=True)
class Branch:
    """A team in its place: `depth` 0 at the top; `children` in order of their names."""

    id: UUID
    name: str
    depth: int
    children: tuple["Branch", ...]


def tree_of(teams: Iterable[tuple[UUID, str, UUID | None]], without: UUID | None = None) -> tuple[Branch, ...]:
    """The forest of (id, name, parent's id), each level by name; `without` leaves that team and all below it out."""
    below: dict[UUID | None, list[tuple[str, UUID]]] = {}
    for team, name, parent in teams:
        if team != without:
            below.setdefault(parent, []).append((name, team))

    def branches(parent: UUID | None, depth: int) -> tuple[Branch, ...]:
        return tuple(
            Branch(team, name, depth, branches(team, depth + 1)) for name, team in sorted(below.get(parent, []))
        )

    return branches(None, 0)


def in_order(tree: Iterable[Branch]) -> list[Branch]:
    """All branches as one reads the tree from top to bottom."""
    found: list[Branch] = []
    for branch in tree:
        found += [branch, *in_order(branch.children)]
    return found
