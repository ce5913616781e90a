"""Signing in, and one's own settings."""

from flask_babel import lazy_gettext as _l
from wtforms import FloatField, PasswordField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.i18n import LANGUAGES, N_
from app.web.form import SHORT, Form, TimeOfDayField, known_zone, line, position_of, required, whole
from app.web.zones import zone_choices


class SignInForm(Form):
    email = line(_l("E-mail"), required)
    password = PasswordField(_l("Password"), [InputRequired()])


class PasswordForm(Form):
    current = PasswordField(_l("Current password"), [InputRequired()])
    password = PasswordField(_l("New password"), [InputRequired()])


MOST_VISITS = 60  # that a plan can put in order


class ProfileForm(Form):
    name = line(_l("Full name"), required, longest=SHORT)
    phone = line(_l("Phone"), longest=SHORT)
    language = SelectField(_l("Language"), choices=list(LANGUAGES.items()))
    zone = SelectField(_l("Time zone"), [known_zone], choices=zone_choices, validate_choice=False)
    work_from = TimeOfDayField(_l("Work begins"))
    work_to = TimeOfDayField(_l("Work ends"))
    lunch_from = TimeOfDayField(_l("Lunch not before"))
    lunch_minutes = whole(_l("Minutes of lunch"), InputRequired(), NumberRange(0, 180))
    start_label = line(_l("Day starts and ends at"))
    start_lat = FloatField(_l("Latitude"), [Optional()])
    start_lon = FloatField(_l("Longitude"), [Optional()])
    end_label = line(_l("Day ends at"))
    end_lat = FloatField(_l("Latitude"), [Optional()])
    end_lon = FloatField(_l("Longitude"), [Optional()])
    most_visits = whole(_l("Most visits a day"), Optional(), NumberRange(1, MOST_VISITS))

    def to_input(self) -> dict[str, object]:
        """The values by column; InvalidError where a position is impossible, or the day ends at a name alone."""
        start, end = self._position("start"), self._position("end")
        if self.end_label.data and end is None:
            raise InvalidError("end_lat", N_("A position needs latitude and longitude."))
        return {
            **self.data,
            "phone": self.phone.data or "",
            "start_label": self.start_label.data or "",
            "start_lat": start.lat if start else None,
            "start_lon": start.lon if start else None,
            "end_label": self.end_label.data or "",
            "end_lat": end.lat if end else None,
            "end_lon": end.lon if end else None,
        }

    def _position(self, which: str) -> Position | None:
        try:
            return position_of(self[f"{which}_lat"].data, self[f"{which}_lon"].data)
        except InvalidError as error:
            raise InvalidError(f"{which}_lat", error.reason, error.params) from None
