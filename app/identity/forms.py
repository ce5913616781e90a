"""Signing in, and one's own settings."""

from flask_babel import lazy_gettext as _l
from wtforms import FloatField, PasswordField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from app.kernel.i18n import LANGUAGES
from app.web.form import SHORT, Form, TimeOfDayField, known_zone, line, position_of, required, whole
from app.web.zones import zone_choices


class SignInForm(Form):
    email = line(_l("E-mail"), required)
    password = PasswordField(_l("Password"), [InputRequired()])


class PasswordForm(Form):
    current = PasswordField(_l("Current password"), [InputRequired()])
    password = PasswordField(_l("New password"), [InputRequired()])


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

    def to_input(self) -> dict[str, object]:
        """The values by column; InvalidError where the position is impossible."""
        position = position_of(self.start_lat.data, self.start_lon.data)
        return {
            **{name: value for name, value in self.data.items() if not name.startswith("start_l")},
            "start_label": self.start_label.data or "",
            "phone": self.phone.data or "",
            "start_lat": position.lat if position else None,
            "start_lon": position.lon if position else None,
        }
