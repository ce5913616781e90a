"""The style guide: every macro and class of the design system in all its states. Development only."""

from flask import Blueprint, request
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    FileField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional

from app.kernel.page import Page
from app.web.form import Form
from app.web.guard import public
from app.web.htmx import page

blueprint = Blueprint("styleguide", __name__)

ICONS = (
    "mark",
    "today",
    "calendar",
    "nearby",
    "accounts",
    "building",
    "plan",
    "visit",
    "position",
    "order",
    "quote",
    "contract",
    "map",
    "team",
    "person",
    "settings",
    "products",
    "price",
    "import",
    "print",
    "phone",
    "message",
    "mail",
    "navigate",
    "camera",
    "note",
    "plus",
    "minus",
    "search",
    "filter",
    "up",
    "down",
    "drag",
    "close",
    "check",
    "warning",
    "clock",
    "share",
    "back",
    "next",
    "more",
    "sign-out",
)


class SampleForm(Form):
    """One field of each kind."""

    name = StringField(_("Name"), [InputRequired()])
    phone = TelField(_("Phone"), [Optional()])
    email = EmailField(_("E-mail"), [Optional()])
    kind = SelectField(_("Class"), choices=[("A", "A"), ("B", "B"), ("C", "C")])
    due = DateField(_("Date"), [InputRequired()])
    size = RadioField(_("Size"), [InputRequired()], choices=[("S", "S"), ("M", "M"), ("L", "L")])
    photo = FileField(_("Photo"), [Optional()])
    note = TextAreaField(_("Note"), [Optional()])
    agreed = BooleanField(_("Call before the visit"))


@blueprint.get("/styleguide")
@public
def styleguide() -> Response:
    """The page; ?errors=1 shows the form as it comes back when something is wrong."""
    wrong = "errors" in request.args
    form = SampleForm(request.args if wrong else None)
    if wrong:
        form.validate()
    return page("styleguide.html", form=form, icons=ICONS, pages=Page((), 2, True))
