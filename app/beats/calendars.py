"""Which days are worked: public holidays, and the weekend days that make up for some of them.

From the library `holidays` (MIT). China's days off (named each November for the year to come) and
Taiwan's move work to a weekend: 调休, 補行上班; since 2026 Taiwan does no more. Great Britain means England and Wales,
the United States federal holidays.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays

from app.kernel.i18n import N_


class Calendar(StrEnum):
    """Whose public holidays."""

    NONE = "none"
    CN = "CN"
    TW = "TW"
    GB = "GB"
    US = "US"


CALENDAR_NAMES = {
    Calendar.NONE: N_("No public holidays"),
    Calendar.CN: N_("Mainland China"),
    Calendar.TW: N_("Taiwan"),
    Calendar.GB: N_("England and Wales"),
    Calendar.US: N_("United States"),
}

_ZONES = {
    "Asia/Shanghai": Calendar.CN, "Asia/Urumqi": Calendar.CN, "Asia/Chongqing": Calendar.CN, "PRC": Calendar.CN,
    "Asia/Taipei": Calendar.TW, "ROC": Calendar.TW,
    "Europe/London": Calendar.GB, "GB": Calendar.GB,
    "America/New_York": Calendar.US, "America/Chicago": Calendar.US, "America/Denver": Calendar.US,
    "America/Phoenix": Calendar.US, "America/Los_Angeles": Calendar.US, "America/Anchorage": Calendar.US,
    "America/Adak": Calendar.US, "America/Boise": Calendar.US, "America/Detroit": Calendar.US,
    "Pacific/Honolulu": Calendar.US,
}  # fmt: skip
_US_REGIONS = ("America/Indiana/", "America/Kentucky/", "America/North_Dakota/", "US/")
_LANGUAGES = {
    Calendar.CN: {"en": "en_US", "zh_Hans": "zh_CN", "zh_Hant": "zh_TW"},
    Calendar.TW: {"en": "en_US", "zh_Hans": "zh_CN", "zh_Hant": "zh_TW"},
    Calendar.GB: {"en": "en_GB"},
    Calendar.US: {"en": "en_US"},
}
_SUBDIVISIONS = {Calendar.GB: "ENG"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A public holiday, or a weekend day that is worked for one (`works`; its name is then '')."""

    day: date
    name: str
    works: bool


def calendar_of(zone: str) -> Calendar:
    """That of the country which a time zone lies in; NONE where we have none of it."""
    return Calendar.US if zone.startswith(_US_REGIONS) else _ZONES.get(zone, Calendar.NONE)


def workdays(calendar: Calendar, weekdays: frozenset[int], first: date, last: date) -> tuple[date, ...]:
    """The days from `first` to `last` that somebody works who works on these days of the week (0 = Monday): none that
    is a public holiday, and those that make up for one of their days."""
    off, made_up = _days_off(calendar, first.year, last.year)
    return tuple(
        day
        for day in _days(first, last)
        if (day.weekday() in weekdays and day not in off)
        or (day in made_up and (made_up[day] or day).weekday() in weekdays)
    )


def special_days(calendar: Calendar, first: date, last: date, language: str) -> tuple[SpecialDay, ...]:
    """Public holidays and made-up workdays from `first` to `last`, in their order. `language` is one of the house's;
    names are English where the library has no Chinese."""
    off, made_up = _days_off(calendar, first.year, last.year, language)
    found = {day: SpecialDay(day, name, works=False) for day, name in off.items()}
    found.update({day: SpecialDay(day, "", works=True) for day in made_up})
    return tuple(found[day] for day in _days(first, last) if day in found)


def is_announced(calendar: Calendar, year: int) -> bool:
    """Whether the days off of that year are known for sure: those of China follow from no law, and the library has them
    once they are published. Before, it has the days of the festivals alone."""
    return calendar is not Calendar.CN or any(stands_for for stands_for in _swaps(_year(calendar, year, "")).values())


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


def _days_off(
    calendar: Calendar, first_year: int, last_year: int, language: str = ""
) -> tuple[dict[date, str], dict[date, date | None]]:
    """Public holidays with their names, and the days that make up for a day off (None: for which is not said)."""
    off: dict[date, str] = {}
    made_up: dict[date, date | None] = {}
    # In January one may be off for a Saturday in December.
    for year in range(first_year, last_year + 2) if calendar is not Calendar.NONE else ():
        off.update(_year(calendar, year, language))
        made_up.update(_swaps(_year(calendar, year, "")))
    return off, made_up


@lru_cache(maxsize=256)
def _year(calendar: Calendar, year: int, language: str) -> dict[date, str]:
    spoken = _LANGUAGES[calendar].get(language, _LANGUAGES[calendar]["en"]) if language else None
    return dict(
        holidays.country_holidays(
            calendar.value, subdiv=_SUBDIVISIONS.get(calendar), years=year, language=spoken, expand=False
        )
    )


def _swaps(named: dict[date, str]) -> dict[date, date | None]:
    """Days that are worked for a day off: the library's own names say which (休息日（由 2026-01-04 调休）)."""
    return {date.fromisoformat(found[0]): day for day, name in named.items() if (found := _DATE.search(name))}
