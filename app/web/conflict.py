"""A form that was filled in on an older version of its row: 409 with both values, nothing saved."""

from typing import Any

from flask import Response
from flask_babel import gettext as _

from app.web.form import Form
from app.web.htmx import page


def stale(form: Form, saved: Form, back: str) -> Response:
    """The page that sets what was entered (`form`) beside what is saved now (`saved`, the same form of the row).

    `back`: the address of the form, to open it again.
    """
    triples = [
        (str(field.label.text), _shown(field), _shown(saved[field.name]))
        for field in form
        if getattr(field.widget, "input_type", "") != "hidden" and field.data != saved[field.name].data
    ]
    return page("errors/error.html", "error", status=409, code=409, message="", conflict=triples, back=back)


def _shown(field: Any) -> str:
    if field.data in (None, ""):
        return "–"
    if isinstance(field.data, bool):
        return str(_("yes") if field.data else _("no"))
    choices = getattr(field, "choices", None)
    named = {str(value): str(label) for value, label, *_rest in field.iter_choices()} if choices else {}
    return named.get(str(field.data), str(field.data))
