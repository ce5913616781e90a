"""What somebody fills in about territories."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FileField, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import ColorInput

from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.territories.rules import COLOURS, RULE_FIELDS, Definition, Rule, owner_key, rule_values
from app.territories.shapes import LONGEST_NAME, Area, Convert, UnreadableShapesError, read_typed
from app.web.form import SHORT, Form, IdField, line, required, strip, text, translated

LONGEST_SHAPE = 900_000  # characters; a form's texts may have a megabyte
LONGEST_RULE = 8000


class TerritoryForm(Form):
    """A territory and its outline; `shown` is the outline that the form was opened with, `datum` what `shape` is in."""

    change_id = IdField(_l("Change"), [InputRequired()])
    territory_id = IdField(_l("Territory"), [InputRequired()])
    shown = IdField()
    datum = HiddenField(default="wgs84")
    name = line(_l("Name"), required, longest=LONGEST_NAME)
    code = line(_l("Code"), longest=SHORT)
    owner = SelectField(_l("Whose it is"), default="")
    colour = StringField(_l("Colour"), widget=ColorInput(), filters=[strip], default=COLOURS[0])
    shape = text(_l("Outline"), longest=LONGEST_SHAPE)
    rule_country = line(_l("Country"), longest=LONGEST_RULE)
    rule_region = line(_l("Province or state"), longest=LONGEST_RULE)
    rule_city = line(_l("City"), longest=LONGEST_RULE)
    rule_district = line(_l("District"), longest=LONGEST_RULE)
    rule_postcode = line(_l("Postcode begins with"), longest=LONGEST_RULE)
    rule_category = line(_l("Category"), longest=LONGEST_RULE)
    rule_rating = line(_l("Class"), longest=SHORT)

    def offer(self, owners: Sequence[tuple[str, str]]) -> "TerritoryForm":
        """Give the owners to choose from; the one it has stays, also where he is no longer to be chosen."""
        choices = [("", translated(N_("Nobody yet"))), *owners]
        if self.owner.data and self.owner.data not in dict(choices) and self.owner.object_data == self.owner.data:
            choices.append((self.owner.data, "–"))
        self.owner.choices = choices
        return self

    @classmethod
    def of(cls, change_id: UUID, territory_id: UUID, given: Definition, shape: str) -> "TerritoryForm":
        """Filled in with what the territory is now; `shape`: its outline as `typed_of` writes it."""
        rule: Mapping[str, Any] = {f"rule_{name}": ", ".join(given.rule.get(name, ())) for name in RULE_FIELDS}
        return cls(
            change_id=change_id, territory_id=territory_id, shown=given.shape_id, name=given.name, code=given.code,
            owner=owner_key(given), colour=given.colour, shape=shape, **rule,
        )  # fmt: skip

    def area(self, convert: Convert) -> Area | None:
        """The outline that was typed or drawn, None for none. InvalidError at `shape`."""
        try:
            return read_typed(self.shape.data or "", convert if self.datum.data == "gcj02" else None)
        except UnreadableShapesError as error:
            raise InvalidError("shape", error.reason, error.params) from None

    def to_input(self, shape_id: UUID | None) -> Definition:
        """What the territory becomes."""
        kind, _colon, key = (self.owner.data or "").partition(":")
        owner = parse_id(key)
        return Definition(
            self.name.data or "", self.code.data or "", (self.colour.data or "").lower(),
            owner if kind == "person" else None, owner if kind == "team" else None, shape_id, self.rule(),
        )  # fmt: skip

    def rule(self) -> Rule:
        """The rule as it is typed."""
        found: Mapping[str, list[str]] = {name: rule_values(self[f"rule_{name}"].data or "") for name in RULE_FIELDS}
        return {name: values for name, values in found.items() if values}


class FileForm(Form):
    """A file of outlines."""

    change_id = IdField(_l("Change"), [InputRequired()])
    file = FileField(_l("File"))


class SourceForm(Form):
    """What of a file's features is their name and code, and in which coordinates it is."""

    name = SelectField(_l("What is the name"))
    code = SelectField(_l("What is the code"), default="")
    datum = SelectField(
        _l("Coordinates of the file"),
        choices=[
            ("wgs84", _l("WGS 84 (GPS, most files)")),
            ("gcj02", _l("GCJ-02 (maps of mainland China: AMap, Tencent)")),
        ],
        default="wgs84",
    )

    def offer(self, found: Sequence[tuple[str, Sequence[str]]]) -> "SourceForm":
        """Give the properties to choose from, each with examples."""
        choices = [(name, f"{name}: {', '.join(examples)}"[:120]) for name, examples in found]
        self.name.choices = choices or [("", translated(N_("The file has no texts: number them")))]
        self.code.choices = [("", translated(N_("None"))), *choices]
        return self


class HandsForm(Form):
    """Accounts that are put into a territory by hand; '' gives them back to rules and position."""

    change_id = IdField(_l("Change"), [InputRequired()])
    territory_id = SelectField(_l("Into the territory"), [Optional()], default="")

    def offer(self, territories: Sequence[tuple[str, str]]) -> "HandsForm":
        """Give the territories to choose from."""
        self.territory_id.choices = [("", translated(N_("where rules and outlines say"))), *territories]
        return self


class HandOverForm(Form):
    """Whether the accounts go to the territory's owner as well."""

    hand_over = BooleanField(_l("Give the customers to the territory's owner"))


class UndoForm(Form):
    """The id of the change that an undoing will be."""

    change_id = IdField(_l("Change"), [InputRequired()])
