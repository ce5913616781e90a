"""What somebody fills in about week plans and absences."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired

from app.beats.actions import PlanInput
from app.beats.calendars import CALENDAR_NAMES, Calendar
from app.beats.rules import MOST_WEEKS, WEEKDAYS
from app.beats.sheets import day_name
from app.kernel.i18n import N_
from app.visits.rules import USUAL_MINUTES
from app.web.form import LINE, Form, IdField, as_id, line, translated, whole
from app.web.locale import day_text

MOST_TICKS = 500
MONDAYS = 13  # to choose from, this week's first
_A_MONDAY = date(2024, 1, 1)


def _as_day(value: object) -> date:
    """Coercion of a choice whose values are days."""
    return value if isinstance(value, date) else date.fromisoformat(str(value))


class Ticks(SelectMultipleField):
    """Several of the choices. Which may be chosen, the action says."""

    def __init__(self, label: Any, coerce: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(label, coerce=coerce, validate_choice=False, **kwargs)

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            self.data = [self.coerce(each) for each in valuelist[:MOST_TICKS]]
        except ValueError:
            raise ValueError(gettext("Not a valid choice.")) from None


class BeatForm(Form):
    """Whose weeks are to be planned, and how."""

    plan_id = IdField(_l("Plan"), [InputRequired()])
    reps = Ticks(_l("For whom"), as_id)
    first_on = SelectField(_l("First week"), coerce=_as_day)
    weeks = SelectField(_l("Number of weeks"), coerce=int, choices=[(n, str(n)) for n in range(1, MOST_WEEKS + 1)])
    weekdays = Ticks(_l("Days of the week"), int, default=sorted(WEEKDAYS))
    calendar = SelectField(_l("Public holidays"), default="")
    minutes = whole(_l("Minutes for a visit"), InputRequired(), default=USUAL_MINUTES)

    def offer(self, reps: Sequence[tuple[UUID, str]], today: date) -> "BeatForm":
        """Give the people, and the weeks from this one on."""
        monday = today - timedelta(days=today.weekday())
        mondays = [monday + timedelta(weeks=n) for n in range(MONDAYS)]
        self.reps.choices = list(reps)
        self.first_on.choices = [(day.isoformat(), day_name(day)) for day in mondays]
        self.weekdays.choices = [(n, day_text(_A_MONDAY + timedelta(days=n), "EEE")) for n in range(7)]
        self.calendar.choices = [
            ("", translated(N_("By each rep's time zone"))),
            *((name.value, translated(CALENDAR_NAMES[name])) for name in Calendar),
        ]
        return self

    def to_input(self) -> PlanInput:
        """What the plan is asked for."""
        return PlanInput(
            tuple(dict.fromkeys(self.reps.data or ())), self.first_on.data, self.weeks.data,
            frozenset(self.weekdays.data or ()), Calendar(self.calendar.data) if self.calendar.data else None,
            self.minutes.data or 0,
        )  # fmt: skip


class AbsenceForm(Form):
    """Who is away, and from when to when."""

    absence_id = IdField(_l("Absence"), [InputRequired()])
    person_id = SelectField(_l("Who"), coerce=as_id)
    first_on = DateField(_l("First day"), [InputRequired()])
    last_on = DateField(_l("Last day"), [InputRequired()])
    why = line(_l("Why"), longest=LINE)

    def offer(self, people: Sequence[tuple[UUID, str]]) -> "AbsenceForm":
        """Give the people to choose from."""
        self.person_id.choices = list(people)
        return self

    def to_input(self) -> tuple[UUID, date, date, str]:
        """Who, the first and the last day, and why."""
        days = cast(date, self.first_on.data), cast(date, self.last_on.data)  # both are required
        return self.person_id.data, *days, self.why.data or ""
