"""Forms: WTForms with our own catalogue, and the fields that field work needs."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext, ngettext
from wtforms import Field, IntegerField, StringField, TextAreaField
from wtforms import Form as WTForm
from wtforms.validators import Optional, StopValidation, ValidationError
from wtforms.widgets import HiddenInput, TimeInput

from app.kernel.capture import parse_moment
from app.kernel.dates import is_zone
from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.ids import parse_id

_UNTYPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
SHORT, LINE, TEXT = 80, 200, 4000  # most characters of a code, a line, a note


class _Translations:
    """WTForms' own messages from our catalogues (its zh falls back to simplified for traditional readers)."""

    def gettext(self, text: str) -> str:
        return str(gettext(text))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return str(ngettext(one, many, number))


WTFORMS_MESSAGES = (
    N_("This field is required."),
    N_("Not a valid integer value."),
    N_("Not a valid decimal value."),
    N_("Not a valid float value."),
    N_("Not a valid date value."),
    N_("Not a valid datetime value."),
    N_("Not a valid time value."),
    N_("Not a valid choice."),
    N_("Invalid Choice: could not coerce."),
    N_("Invalid input."),
    N_("Invalid email address."),
    N_("Number must be between %(min)s and %(max)s."),
    N_("Number must be at least %(min)s."),
    N_("Number must be at most %(max)s."),
)


class Form(WTForm):
    """Base of all forms. Subclasses add `to_input()`, which gives what an action takes."""

    class Meta:
        def get_translations(self, _form: Any) -> _Translations:
            return _Translations()

    def refuse(self, error: InvalidError) -> None:
        """Show a rule's refusal at its field, or above the form where the field is not in it."""
        text = gettext(error.reason, **(error.params or {}))
        field = self._fields.get(error.field)
        if field is None:
            self.form_errors.append(text)
        else:
            field.errors = [*field.errors, text]


def strip(value: str | None) -> str | None:
    """Filter: without white space around, and without what nobody types: control characters (PostgreSQL refuses NUL),
    turns of the writing direction that would show a name as another, and what is no character."""
    return _UNTYPED.sub("", value).strip() if value else value


def line(label: Any, *validators: Any, longest: int = LINE, **kwargs: Any) -> StringField:
    """A one-line text field with the longest length that its column is meant for."""
    checks = list(validators) or [Optional()]
    return StringField(label, [*checks, at_most(longest)], filters=[strip], **kwargs)


def text(label: Any, *validators: Any, longest: int = TEXT, **kwargs: Any) -> TextAreaField:
    """A field of several lines."""
    checks = list(validators) or [Optional()]
    return TextAreaField(label, [*checks, at_most(longest)], filters=[strip], **kwargs)


def at_most(longest: int) -> Callable[[WTForm, Any], None]:
    """Validator: no more than that many characters."""

    def check(_form: WTForm, field: Any) -> None:
        if field.data and len(field.data) > longest:
            raise ValidationError(gettext("That is too long: at most %(number)s characters.", number=longest))

    return check


class IdField(Field):
    """A hidden id in a form; `data` is a UUID or None. Nonsense is refused, not ignored."""

    data: UUID | None
    widget = HiddenInput()

    def _value(self) -> str:
        return str(self.data or "")

    def process_formdata(self, valuelist: list[Any]) -> None:
        raw = valuelist[0].strip() if valuelist else ""
        self.data = parse_id(raw)
        if raw and self.data is None:
            raise ValueError(gettext("Not a valid choice."))


def int_or_none(name: str) -> int | None:
    """An integer of the posted form such as `version`, None where it is missing or nonsense."""
    raw = request.form.get(name, "")
    return int(raw) if raw.isascii() and raw.removeprefix("-").isdigit() and len(raw) < 10 else None


def position_of(lat: float | None, lon: float | None) -> Position | None:
    """The position of two form fields; None without one. InvalidError at `lat` where it is impossible."""
    if lat is None and lon is None:
        return None
    if lat is None or lon is None:
        raise InvalidError("lat", N_("A position needs latitude and longitude."))
    try:
        return Position(lat, lon)
    except ValueError:
        raise InvalidError("lat", N_("There is no such position on earth.")) from None


def known_zone(_form: WTForm, field: Any) -> None:
    """Validator: an IANA time zone."""
    if not is_zone(field.data):
        raise ValidationError(gettext("Not a valid choice."))


def required(_form: WTForm, field: Any) -> None:
    """Validator: something must be written."""
    if not field.data or (isinstance(field.data, str) and not field.data.strip()):
        raise StopValidation(gettext("This field is required."))


required.field_flags = {"required": True}  # type: ignore[attr-defined] # how WTForms tells the browser


def whole(label: Any, *validators: Any, **kwargs: Any) -> IntegerField:
    """A whole number."""
    return IntegerField(label, list(validators) or [Optional()], **kwargs)


_TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class TimeOfDayField(Field):
    """A time of day; `data` is minutes from midnight."""

    data: int | None
    widget = TimeInput()

    def _value(self) -> str:
        return f"{self.data // 60:02}:{self.data % 60:02}" if self.data is not None else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        match = _TIME_OF_DAY.fullmatch(valuelist[0] if valuelist else "")
        if match is None:
            raise ValueError(gettext("Not a valid time value."))
        self.data = int(match[1]) * 60 + int(match[2])


class MomentField(Field):
    """An aware moment in ISO 8601, as a script writes it into a hidden input; nonsense counts as nothing."""

    data: datetime | None
    widget = HiddenInput()

    def _value(self) -> str:
        return self.data.isoformat() if self.data else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = parse_moment(valuelist[0] if valuelist else None)


def as_id(value: object) -> UUID:
    """Coercion of choice fields whose values are ids."""
    return value if isinstance(value, UUID) else UUID(str(value))


def id_or_none(value: object) -> UUID | None:
    """`as_id` where a choice may be left out."""
    return as_id(value) if value else None


def translated(text: str) -> str:
    """A msgid marked with N_ elsewhere, in the reader's language."""
    return str(gettext(text))
