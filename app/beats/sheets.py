"""A plan as its pages show it: weeks of days with their loads, what is special about a day, what would help."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from babel.dates import format_skeleton
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from app.beats.calendars import Calendar, SpecialDay, calendar_of, is_announced, special_days
from app.beats.rules import Asked, DayLoad, Remedy, RemedyKind, Shortfall
from app.planning.shown import duration_text


@dataclass(frozen=True, slots=True)
class Remark:
    """What is special about a day: a name of a holiday, or a word of ours; `tone` as of a badge."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class DaySheet:
    """A day of a plan. `load` None where it is not worked."""

    day: date
    load: DayLoad | None
    remarks: tuple[Remark, ...]
    visits: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class WeekSheet:
    """A week of a plan: the days that are worked, or would be but for what is special about them."""

    monday: date
    days: tuple[DaySheet, ...]

    @property
    def total(self) -> DayLoad:
        """All its days together."""
        return total_of(self.monday, [each.load for each in self.days if each.load])


def total_of(day: date, loads: Sequence[DayLoad]) -> DayLoad:
    """All these days together, as one."""
    return DayLoad(
        day, sum(each.visits for each in loads), sum(each.visit_seconds for each in loads),
        sum(each.drive_seconds for each in loads), sum(each.spare_seconds for each in loads),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Around:
    """What lies around a rep's weeks: public holidays and made-up workdays, absences, and the days that are over."""

    weekdays: frozenset[int]
    special: Mapping[date, SpecialDay]
    absent: Sequence[tuple[date, date]]
    today: date

    def remarks(self, day: date) -> tuple[Remark, ...]:
        """What is to be said of a day."""
        return tuple(self._remarks(day))

    def is_notable(self, day: date) -> bool:
        """Whether the day would be worked but for what is said of it, or is worked because of it."""
        special = self.special.get(day)
        is_usual = day.weekday() in self.weekdays
        return bool(is_usual and self.remarks(day)) or (special is not None and special.works)

    def _remarks(self, day: date) -> Iterator[Remark]:
        special = self.special.get(day)
        if special is not None and special.works:
            yield Remark(_("make-up workday"), "accent")
        elif special is not None:
            yield Remark(special.name)
        if any(first <= day <= last for first, last in self.absent):
            yield Remark(_("absent"), "warn")


def around(asked: Asked, zone: str, language: str, absent: Sequence[tuple[date, date]], today: date) -> Around:
    """What lies around the weeks of a rep in this zone, in the reader's language."""
    found = special_days(calendar_for(asked, zone), asked.first_on, asked.last_on, language)
    return Around(asked.weekdays, {each.day: each for each in found}, absent, today)


def calendar_for(asked: Asked, zone: str) -> Calendar:
    """Whose public holidays hold for somebody in this zone."""
    return calendar_of(zone) if asked.calendar is None else asked.calendar


def unannounced(asked: Asked, zones: Sequence[str]) -> list[int]:
    """The years of the plan whose days off are not known for sure."""
    years = range(asked.first_on.year, asked.last_on.year + 1)
    return [year for year in years if not all(is_announced(calendar_for(asked, zone), year) for zone in zones)]


def weeks_of(asked: Asked, loads: Sequence[DayLoad], visits: Sequence[Any], about: Around) -> list[WeekSheet]:
    """The weeks of a rep; `visits` are rows with `day`."""
    by_day = {each.day: each for each in loads}
    found: dict[date, list[Any]] = {}
    for row in visits:
        found.setdefault(row.day, []).append(row)
    weeks = []
    for number in range(asked.weeks):
        monday = asked.first_on + timedelta(weeks=number)
        days = []
        for day in (monday + timedelta(days=n) for n in range(7)):
            remarks = about.remarks(day)
            if day in by_day or day in found or about.is_notable(day):
                days.append(DaySheet(day, by_day.get(day), remarks, tuple(found.get(day, ()))))
        weeks.append(WeekSheet(monday, tuple(days)))
    return weeks


def day_name(day: date) -> str:
    """Weekday, day and month, as the reader's language orders them: Mon, Nov 23; 11月23日周一."""
    return _day_name(day, str(get_locale()))


@lru_cache(maxsize=4096)
def _day_name(day: date, locale: str) -> str:
    return str(format_skeleton("MMMEd", day, locale=locale))


def hours_text(seconds: int) -> str:
    """A length of time for a table: hours and minutes, 28:05."""
    hours, minutes = divmod((seconds + 30) // 60, 60)
    return f"{hours}:{minutes:02}"


def shortfall_text(shortfall: Shortfall) -> str:
    """How much is too much."""
    hours = duration_text(60 * shortfall.minutes)
    text: str = ngettext(
        "%(num)s visit too many, about %(hours)s of work.",
        "%(num)s visits too many, about %(hours)s of work.",
        shortfall.visits, hours=hours,
    )  # fmt: skip
    return text


def remedy_text(remedy: Remedy, names: Mapping[UUID, str]) -> str:
    """What would have to give, and what that gains."""
    gain = ngettext("%(num)s visit gained", "%(num)s visits gained", remedy.gains)
    if remedy.kind is RemedyKind.LESS_OFTEN:
        text = _(
            "Visit class %(rating)s every %(amount)s days instead of every %(before)s",
            rating=remedy.rating, amount=remedy.amount, before=remedy.before,
        )  # fmt: skip
    elif remedy.kind is RemedyKind.MORE_DAYS:
        text = ngettext("%(num)s more working day", "%(num)s more working days", remedy.amount)
    elif remedy.kind is RemedyKind.MORE_VISITS:
        text = _("At most %(amount)s visits a day instead of %(before)s", amount=remedy.amount, before=remedy.before)
    else:
        who = names.get(remedy.rep_id, "–") if remedy.rep_id else "–"
        text = _("Give %(amount)s visits to %(person)s, who has time for them", amount=remedy.amount, person=who)
    return str(_("%(remedy)s: %(gain)s", remedy=text, gain=gain))
