"""What a rep fills in at a visit."""

import math
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, Field, FloatField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import HiddenInput

from app.kernel.i18n import N_
from app.visits.actions import CheckInInput, ReportInput
from app.visits.rules import OUTCOMES, POSITION_ERRORS, Dismissal, Fix
from app.web.arrival import Arrival
from app.web.form import SHORT, Form, IdField, MomentField, id_or_none, line, position_of, required, text, translated


class MeasureField(Field):
    """A number that a phone may tell beside the rest; nonsense, and what is out of all bounds, counts as nothing."""

    data: float | None
    widget = HiddenInput()

    def __init__(self, label: Any, least: float, most: float, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.least, self.most = least, most

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            number = float(valuelist[0])
        except (IndexError, ValueError):
            number = math.nan
        self.data = number if self.least <= number <= self.most else None


class CheckInForm(Form):
    """The position as static/js/position.js fills it in; all of it may be missing."""

    lat = FloatField(_l("Latitude"), [Optional()])
    lon = FloatField(_l("Longitude"), [Optional()])
    accuracy_m = FloatField(_l("Accuracy"), [Optional(), NumberRange(0, 100_000)])
    fix_at = MomentField(_l("Time of the position"))
    fix_count = IntegerField(_l("Number of positions"), [Optional(), NumberRange(0, 10_000)])
    speed_mps = FloatField(_l("Speed"), [Optional(), NumberRange(0, 1000)])
    altitude_m = MeasureField(_l("Altitude"), -1000, 20_000)
    waited_ms = MeasureField(_l("Waited"), 0, 3_600_000)
    position_error = line(_l("Position error"), longest=SHORT)
    tapped_at = MomentField(_l("Time of the tap"))
    reason = text(_l("Reason for checking in here"), longest=500)
    adopt = BooleanField(_l("This is the customer's place: keep my position for it"))

    def to_input(self, come: Arrival, device_id: UUID | None = None) -> CheckInInput:
        """What the action takes, the phone's times corrected; InvalidError where the position is impossible."""
        position = position_of(self.lat.data, self.lon.data)
        fix = None
        if position is not None:
            fix = Fix(
                position,
                self.accuracy_m.data if self.accuracy_m.data is not None else 1000.0,
                come.capture.corrected(self.fix_at.data) or come.capture.at,
                self.fix_count.data or 1,
                self.speed_mps.data,
                self.altitude_m.data,
                self.fix_at.data,
            )
        error = self.position_error.data or ""
        return CheckInInput(
            fix,
            error if error in POSITION_ERRORS else "",
            self.reason.data or "",
            come.capture.corrected(self.tapped_at.data),
            self.adopt.data,
            unasked=not come.attended,
            clock_doubtful=come.capture.doubtful,
            waited_ms=round(self.waited_ms.data) if self.waited_ms.data is not None else None,
            device_id=device_id,
        )


class UnplannedForm(CheckInForm):
    """A check-in without a plan: at which place (none: a phone that made the account itself knows no place's id), and
    the id that the visit will have."""

    visit_id = IdField(_l("Visit"), [InputRequired()])
    place_id = RadioField(_l("Place"), [Optional()], coerce=id_or_none, validate_choice=False)


class CheckInReasonForm(Form):
    """Why the rep checked in there, asked afterwards."""

    reason = text(_l("Reason for checking in here"), required, longest=500)


class ReportForm(Form):
    outcome = SelectField(_l("Outcome"), [Optional()])
    text = text(_l("Notes"))
    next_visit_on = DateField(_l("Next visit"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome.choices = [("", "–"), *((key, translated(name)) for key, name in OUTCOMES.items())]

    def to_input(self) -> ReportInput:
        """What the action takes."""
        return ReportInput(self.outcome.data or "", self.text.data or "", self.next_visit_on.data)


KINDS = {
    Dismissal.POSTPONED.value: N_("Postpone to another day"),
    Dismissal.SKIPPED.value: N_("Skip this visit"),
    Dismissal.MISSED.value: N_("It did not take place"),
}


class DismissalForm(Form):
    """Why a planned visit does not take place; `new_id` is the id of the postponed one."""

    new_id = IdField(_l("Visit"), [InputRequired()])
    kind = RadioField(_l("What happens to it"), [InputRequired()])
    reason = line(_l("Reason"), InputRequired())
    postponed_to = DateField(_l("New day"), [Optional()])

    def __init__(self, *args: Any, past: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hidden = Dismissal.SKIPPED if past else Dismissal.MISSED
        self.kind.choices = [(key, translated(name)) for key, name in KINDS.items() if key != hidden.value]


class PlanForm(Form):
    """Plan a visit to an account."""

    visit_id = IdField(_l("Visit"), [InputRequired()])
    place_id = RadioField(_l("Place"), [Optional()], coerce=id_or_none, validate_choice=False)
    planned_on = DateField(_l("Date"), [InputRequired()])
    minutes = IntegerField(_l("Minutes"), [InputRequired(), NumberRange(5, 720)], default=30)
    purpose = line(_l("Purpose"))


def day_of(text_: str | None, default: date) -> date:
    """The day that an address asks for: the default where it asks nonsense, or for the ends of the calendar, which have
    no day before or after and no midnight in UTC."""
    try:
        day = date.fromisoformat(text_) if text_ else default
    except ValueError:
        return default
    return day if date.min.year < day.year < date.max.year else default
