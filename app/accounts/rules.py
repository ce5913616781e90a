"""The business decisions about customers: what may be written, when one is due, what looks like the same one twice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from uuid import UUID

from app.kernel.dates import day_bounds, is_zone, local, today_in
from app.kernel.errors import InvalidError
from app.kernel.geo import Position, quadkey, unit_vector
from app.kernel.hours import (
    ALWAYS_OPEN,
    REASONS,
    UNKNOWN,
    HoursError,
    format_days,
    format_hours,
    is_open,
    parse_days,
    parse_hours,
    read_hours,
    windows_on,
)
from app.kernel.i18n import LANGUAGES, N_
from app.kernel.text import fold, phone_digits, search_text, squeeze

RATINGS = ("A", "B", "C")
CERTAINTIES = ("exact", "approximate", "none")
SMALLEST_RADIUS_M, LARGEST_RADIUS_M, USUAL_RADIUS_M = 20, 5000, 150
ROUGH_M = 200  # a worse fix is of the quarter, not of the door

# --- What is written about a customer -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountInput:
    """The particulars of an account; '' where unknown. `language` is that of its documents."""

    name: str
    name_en: str = ""
    category: str = ""
    rating: str = "C"
    phone: str = ""
    email: str = ""
    website: str = ""
    tax_number: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class PlaceInput:
    """Where an account is visited. `zone` IANA, `hours` as people write them, `radius` metres; position WGS-84."""

    zone: str
    label: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    district: str = ""
    address: str = ""
    postcode: str = ""
    hours: str = ""
    radius: int = USUAL_RADIUS_M
    position: Position | None = None
    certainty: str = "exact"  # of the position, where there is one


@dataclass(frozen=True, slots=True)
class ContactInput:
    """A person at an account."""

    name: str
    title: str = ""
    phone: str = ""
    email: str = ""


_HAN = re.compile("[\u2e80-\u9fff]")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_WEB_ADDRESS = re.compile(r"(https?://)?[^\s/:@<>\"']+\.[^\s<>\"']+", re.IGNORECASE)  # a link: http or none


def check_account(given: AccountInput) -> None:
    """Refuse (InvalidError, field by its column) what no account can be."""
    if not given.name.strip():
        raise InvalidError("name", N_("Write the customer's name."))
    if not fold(given.name):
        raise InvalidError("name", N_("A name needs letters or digits."))
    if given.rating not in RATINGS:
        raise InvalidError("rating", N_("Not a valid choice."))
    if given.language not in LANGUAGES:
        raise InvalidError("language", N_("Not a valid choice."))
    check_email(given.email)
    if given.website and not _WEB_ADDRESS.fullmatch(given.website):
        raise InvalidError("website", N_("Write a web address like www.example.com."))


def check_contact(given: ContactInput) -> None:
    """Refuse (InvalidError) a contact without a name or with an impossible e-mail address."""
    if not given.name.strip():
        raise InvalidError("name", N_("Write the person's name."))
    check_email(given.email)


def check_email(email: str) -> None:
    """Refuse (InvalidError at `email`) what is no e-mail address; none is fine."""
    if email and not _EMAIL.fullmatch(email):
        raise InvalidError("email", N_("Invalid email address."))


def check_place(given: PlaceInput) -> None:
    """Refuse (InvalidError) an unknown zone or an absurd radius."""
    if not is_zone(given.zone):
        raise InvalidError("zone", N_("Not a valid choice."))
    if not SMALLEST_RADIUS_M <= given.radius <= LARGEST_RADIUS_M:
        raise InvalidError(
            "radius",
            N_("Choose between %(least)s and %(most)s metres."),
            {"least": SMALLEST_RADIUS_M, "most": LARGEST_RADIUS_M},
        )
    if given.position is not None and given.certainty not in ("exact", "approximate"):
        raise InvalidError("certainty", N_("Not a valid choice."))


def written_hours(typed: str, known: str = "") -> str:
    """Opening hours as they are stored: in the canonical English form. InvalidError at `hours` for other text.

    `known` is what is stored already: an import may have brought words that nobody can compute with; they may stay.
    """
    if squeeze(typed) == squeeze(known):
        return known
    try:
        return format_hours(parse_hours(typed))
    except HoursError as error:
        raise InvalidError("hours", REASONS[error.reason], error.params) from None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a place's hours say about its today. `windows`: opening and closing by its clocks, 24:00 for its midnight.

    `is_known` false: `text` is all there is. `is_open`: at this moment; None where the hours are unknown.
    """

    text: str
    is_known: bool
    windows: tuple[tuple[str, str], ...]
    is_open: bool | None


def opening_today(hours: str, zone: str, now: datetime, language: str) -> Opening:
    """The hours of a place in `zone` on the day that it has at `now`; the text in the reader's language."""
    read, day = read_hours(hours), today_in(zone, now)
    midnight = day_bounds(day, zone)[1]
    windows = windows_on(read, day, zone) or ()
    return Opening(
        format_hours(read, language),
        read.is_known,
        tuple(
            (f"{local(start, zone):%H:%M}", "24:00" if end == midnight else f"{local(end, zone):%H:%M}")
            for start, end in windows
        ),
        is_open(read, now, zone),
    )


def position_columns(position: Position | None, certainty: str = "exact") -> dict[str, object]:
    """All columns of a place that say where it is: certainty, lat, lon, qk and the unit vector."""
    if position is None:
        return dict.fromkeys(("lat", "lon", "qk", "ux", "uy", "uz")) | {"certainty": "none"}
    x, y, z = unit_vector(position)
    return {
        "certainty": certainty, "lat": position.lat, "lon": position.lon, "qk": quadkey(position), "ux": x, "uy": y,
        "uz": z,
    }  # fmt: skip


def certainty_of(accuracy_m: float | None) -> str:
    """What a position is worth that a phone found with this accuracy (metres), or a person chose on a map (None)."""
    return "approximate" if accuracy_m is not None and accuracy_m > ROUGH_M else "exact"


def found_by(names: list[str], addresses: list[str], phones: list[str]) -> str:
    """The text in which "find by any part" looks, for an account with all its places and contacts. Names come first."""
    return search_text(*dict.fromkeys([*names, *addresses]), phone="\n".join(dict.fromkeys(filter(None, phones))))


@lru_cache(maxsize=8192)  # lists show the same numbers again and again
def dialled(phone: str) -> str:
    """What to dial, for a tel: or sms: link: the first number of a phone field with its +; '' without digits."""
    digits = phone_digits(phone).partition(" ")[0]
    return ("+" if phone.lstrip(" (（").startswith(("+", "＋")) else "") + digits if digits else ""


def link_to(website: str) -> str:
    """The address of a web site for a link: https unless http was written; '' where it is no web address."""
    if not _WEB_ADDRESS.fullmatch(website):
        return ""
    return website if website.lower().startswith(("http://", "https://")) else f"https://{website}"


def address_line(address: str, district: str, city: str) -> str:
    """City, district and street in one line, none twice; in the order of the script."""
    if _HAN.search(address or city):
        parts = [part for part in (city, district) if part and part not in address]
        return "".join([*parts, address])
    parts = [part for part in (district, city) if part and part.casefold() not in address.casefold()]
    return ", ".join(filter(None, [address, *parts]))


# --- When is the next visit due? ------------------------------------------------------------------------

VISIT_INTERVAL_DAYS: Mapping[str, int] = {"A": 14, "B": 30, "C": 60}  # where a company has set nothing else
SHORTEST_INTERVAL, LONGEST_INTERVAL = 7, 730  # days
NO_PLAN = 0  # an account's own `visit_days` that says so


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often an account is to be visited: every `days`, None where there is no plan; and when it wishes that: `wish`
    is weekdays and hours as they are stored (`written_wish`), '' where any time is as good."""

    days: int | None
    wish: str = ""


Rhythms = Mapping[str, Rhythm]
"""Class -> its rhythm."""

USUAL_RHYTHMS: Rhythms = {rating: Rhythm(days) for rating, days in VISIT_INTERVAL_DAYS.items()}


def rhythm_of(rating: str, own_days: int | None, own_wish: str, rhythms: Rhythms = USUAL_RHYTHMS) -> Rhythm:
    """The rhythm of an account: its own (`own_days` None: none, NO_PLAN: it is not to be visited), else that of its
    class; the same for the wish."""
    usual = rhythms[rating]
    return Rhythm(usual.days if own_days is None else own_days or None, own_wish or usual.wish)


def check_interval(days: int | None) -> None:
    """Refuse (InvalidError at `every`) an interval that nobody plans with; None is no plan."""
    if days is not None and not SHORTEST_INTERVAL <= days <= LONGEST_INTERVAL:
        raise InvalidError(
            "every",
            N_("Choose between %(least)s and %(most)s days, or 1 to 104 weeks."),
            {"least": SHORTEST_INTERVAL, "most": LONGEST_INTERVAL},
        )


_WISH_UNREAD = N_("“%(part)s” was not understood. Write weekdays, and hours where you like: Tue, Thu 09:00-11:00.")


def written_wish(typed: str) -> str:
    """Weekdays and hours as they are stored: canonical and English, '' for none and for "always". InvalidError at
    `wish` for other text, and for "never"."""
    try:
        wish = parse_days(typed)
    except HoursError as error:
        reason = _WISH_UNREAD if error.reason == "not_understood" else REASONS[error.reason]
        raise InvalidError("wish", reason, error.params) from None
    if wish.week is not None and not any(wish.week):
        raise InvalidError("wish", N_("Write when a visit is welcome; if never, choose that there is no plan."))
    return "" if wish in (UNKNOWN, ALWAYS_OPEN) else format_days(wish)


def wish_text(wish: str, language: str) -> str:
    """A stored wish in the reader's language; '' for none."""
    return format_days(parse_days(wish), language) if wish else ""


def is_against(wish: str, day: date) -> bool:
    """Whether that day is none of those wished; hours of its own are for whoever chooses the time."""
    return bool(wish) and not _welcome(wish)[day.weekday()]


@lru_cache(maxsize=1024)  # a company's accounts share a few
def _welcome(wish: str) -> tuple[bool, ...]:
    """Monday to Sunday: whether the wish allows it."""
    return tuple(map(bool, parse_days(wish).week or ((),) * 7))


def next_visit_due(
    last_visit_on: date | None,
    account_class: str | None,
    agreed_on: date | None = None,
    intervals: Mapping[str, int] = VISIT_INTERVAL_DAYS,
    own_days: int | None = None,
) -> date | None:
    """The day by which an account should be visited again: the day agreed at the last visit, else the last visit plus
    its own interval or that of its class (days). None for an account that was never visited or has no plan: such
    accounts are found by "not visited", else every imported address would be overdue at once."""
    if agreed_on is not None:
        return agreed_on
    interval = intervals.get(account_class or "") if own_days is None else own_days or None
    if last_visit_on is None or interval is None:
        return None
    return last_visit_on + timedelta(days=interval)


def intervals_of(rhythms: Rhythms) -> Mapping[str, int]:
    """Class -> days, for the classes that have a plan: what `next_visit_due` takes."""
    return {rating: rhythm.days for rating, rhythm in rhythms.items() if rhythm.days is not None}


def is_overdue(due_on: date | None, today: date) -> bool:
    """Whether the day it was due by is over. Nothing due is not overdue."""
    return due_on is not None and due_on < today


# --- Which customers? -----------------------------------------------------------------------------------

SORTS = ("name", "stale")
DAYS = (30, 60, 90)  # offered as "not visited for"
MOST_DAYS = 3650
LONGEST_SEARCH, MOST_WORDS = 200, 8


@dataclass(frozen=True, slots=True)
class AccountFilters:
    """Which accounts, and in which order; the same words stand in addresses (`read` and `args`).

    `owner`: '' all, 'me', 'none' (the public pool) or a person's id. `days`: not visited for so many, or never.
    `sort`: by name, or the longest not visited first (`stale`). `archived`: only those put away.
    """

    q: str = ""
    owner: str = ""
    rating: str = ""
    days: int | None = None
    sort: str = "name"
    archived: bool = False

    @classmethod
    def read(cls, args: Mapping[str, str]) -> "AccountFilters":
        """From the arguments of an address; nonsense counts as not said."""
        owner, rating, days = args.get("owner", ""), args.get("rating", ""), args.get("days", "")
        return cls(
            q=squeeze(args.get("q", "").replace("\0", ""))[:LONGEST_SEARCH],
            owner=owner if owner in ("me", "none") or _is_id(owner) else "",
            rating=rating if rating in RATINGS else "",
            days=min(int(days), MOST_DAYS) if days.isascii() and days.isdigit() and 0 < len(days) < 6 else None,
            sort=sort if (sort := args.get("sort", "")) in SORTS else "name",
            archived=args.get("archived") == "1",
        )

    def args(self, **changes: object) -> dict[str, str]:
        """The arguments of the address that asks for these accounts, some changed; what says nothing is left out."""
        other = replace(self, **changes)  # type: ignore[arg-type] # names are checked by replace
        return {
            name: text
            for name, text in (
                ("q", other.q), ("owner", other.owner), ("rating", other.rating),
                ("days", str(other.days or "")), ("sort", "" if other.sort == "name" else other.sort),
                ("archived", "1" if other.archived else ""),
            )
            if text
        }  # fmt: skip

    @property
    def narrows(self) -> bool:
        """Whether anything is left out by them."""
        return bool(self.args(sort="name"))


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


# --- Is it there already? -------------------------------------------------------------------------------

NEAR_M = 200
MOST_DUPLICATES = 5
PHONE_TAIL = 8  # digits that tell numbers apart once country and area prefixes are written or left out
_SAME, _SIMILAR, _SIMILAR_NEARBY = 0.92, 0.72, 0.5
_FORMS = re.compile(
    r"(股份有限公司|有限责任公司|有限責任公司|有限公司|集团公司|集團公司|集团|集團|公司|分公司|门店|門市|"
    r"limited|incorporated|company|colimited|coltd|ltd|llc|plc|inc|gmbh|corp)+$"
)

SAME_PHONE, SAME_NAME, SIMILAR_NAME, NEARBY = "phone", "name", "similar", "nearby"
DUPLICATE_REASONS = {
    SAME_PHONE: N_("Same phone number"),
    SAME_NAME: N_("Same name"),
    SIMILAR_NAME: N_("Similar name"),
    NEARBY: N_("Similar name, less than 200 m away"),
}


def core_of(name: str) -> str:
    """The folded name without its legal form: what two spellings of one customer have in common."""
    folded = fold(name)
    return _FORMS.sub("", folded) or folded


def tells(core: str) -> bool:
    """Whether enough of a name is typed to look for it: two Chinese characters, or four others."""
    return len(core) >= (4 if core.isascii() else 2)


def likeness(core: str, other: str) -> float:
    """How alike two names are (see `core_of`), 0 to 1. A name typed halfway counts as the whole that it begins."""
    if core == other:
        return 1.0
    if other.startswith(core) or core.startswith(other):
        return 0.95
    if core in other or (other in core and tells(other)):
        return 0.85
    return SequenceMatcher(None, core, other, autojunk=False).ratio()


def why_duplicate(
    core: str, tails: frozenset[str], other_core: str, other_phones: str, is_near: bool
) -> tuple[float, str] | None:
    """How surely (0 to 1) and why an account is the one that is being written; None where it is another.

    `tails` are the last PHONE_TAIL digits of the typed numbers, `other_phones` the digits of the other's numbers with
    spaces between (`phone_digits`).
    """
    if any(number.endswith(tail) for number in other_phones.split() for tail in tails):
        return 1.0, SAME_PHONE
    if not tells(core):
        return None
    alike = likeness(core, other_core)
    if alike >= _SAME:
        return alike, SAME_NAME if core == other_core else SIMILAR_NAME
    if is_near and alike >= _SIMILAR_NEARBY:
        return alike, NEARBY
    return (alike, SIMILAR_NAME) if alike >= _SIMILAR else None


def phone_tails(phone: str) -> frozenset[str]:
    """The telling last digits of each number in a phone field; numbers with fewer than seven digits tell nothing."""
    return frozenset(number[-PHONE_TAIL:] for number in phone_digits(phone).split() if len(number) >= 7)


def masked(name: str) -> str:
    """The first characters of a name, for whoever may not see the account: two of a Chinese name, four of another, and
    never more than half of it."""
    return name[: min(2 if name[:1] > "\u2e7f" else 4, (len(name) + 1) // 2)].rstrip() + "…"
