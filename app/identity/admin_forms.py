"""What administrators write about people, teams and the company."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import FileField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from app.identity.administration import CompanyInput, PersonInput
from app.identity.permissions import ROLES
from app.identity.rules import RAW_FIX_DAYS, Branch
from app.kernel.i18n import LANGUAGES
from app.kernel.ids import parse_id
from app.kernel.rates import parse_rate, rate_text
from app.web.currencies import currency_choices
from app.web.form import SHORT, Form, known_zone, line, required, text, translated, whole
from app.web.zones import zone_choices


def role_choices() -> list[tuple[str, str]]:
    """(role, its name)."""
    return [(role, translated(name)) for role, (name, _reach, _permissions) in ROLES.items()]


def team_choices(tree: Sequence[Branch]) -> list[tuple[str, str]]:
    """(id, name) in the order of the tree; teams below others are set in."""
    return [(str(branch.id), "\N{EM SPACE}" * branch.depth + branch.name) for branch in tree]


class PersonForm(Form):
    """Somebody who signs in. Set `team_id.choices` before validating."""

    name = line(_l("Full name"), required, longest=SHORT)
    email = line(_l("E-mail"), required)
    phone = line(_l("Phone"), longest=SHORT)
    role = SelectField(_l("Role"), choices=role_choices)
    team_id = SelectField(_l("Team"))
    language = SelectField(_l("Language"), choices=list(LANGUAGES.items()))
    zone = SelectField(_l("Time zone"), [known_zone], choices=zone_choices, validate_choice=False)
    discount_limit = line(_l("Line discount up to"), required)

    @classmethod
    def of(cls, person: Any) -> "PersonForm":
        """Filled in with what the person (a row of it) is now."""
        now = {name: getattr(person, name) for name in ("name", "email", "phone", "role", "language", "zone")}
        return cls(team_id=str(person.team_id), discount_limit=rate_text(person.discount_limit), **now)

    def to_input(self) -> PersonInput:
        """InvalidError where the discount is no percentage."""
        return PersonInput(
            email=self.email.data or "",
            name=self.name.data or "",
            phone=self.phone.data or "",
            role=self.role.data,
            team_id=UUID(self.team_id.data),
            zone=self.zone.data,
            language=self.language.data,
            discount_limit=parse_rate(self.discount_limit.data or "", "discount_limit"),
        )


class NewPersonForm(PersonForm):
    """With the first password, which the administrator tells the person."""

    password = line(_l("First password"), InputRequired())


class ResetForm(Form):
    """A new password for somebody."""

    password = line(_l("New password"), InputRequired())


class TeamForm(Form):
    """Set `parent_id.choices` before validating; '' stands at the top."""

    name = line(_l("Name"), required, longest=SHORT)
    parent_id = SelectField(_l("Belongs to"))
    zone = SelectField(_l("Time zone"), [known_zone], choices=zone_choices, validate_choice=False)

    @property
    def parent(self) -> UUID | None:
        return parse_id(self.parent_id.data)


class CompanyForm(Form):
    name = line(_l("Name"), required, longest=SHORT)
    legal_name = line(_l("Legal name"))
    address = text(_l("Address"), longest=400)
    phone = line(_l("Phone"), longest=SHORT)
    email = line(_l("E-mail"))
    tax_number = line(_l("Tax number"), longest=SHORT)
    bank = text(_l("Bank account"), longest=400)
    zone = SelectField(_l("Time zone"), [known_zone], choices=zone_choices, validate_choice=False)
    language = SelectField(_l("Language"), choices=list(LANGUAGES.items()))
    currency = SelectField(_l("Currency"), choices=currency_choices)
    raw_fix_days = whole(_l("Days that exact positions of check-ins are kept"), Optional(), NumberRange(*RAW_FIX_DAYS))

    def to_input(self) -> CompanyInput:
        days, texts = self.raw_fix_days.data, {**self.data}
        del texts["raw_fix_days"]
        return CompanyInput(**{name: value or "" for name, value in texts.items()}, raw_fix_days=days)


class LogoForm(Form):
    logo = FileField(_l("Picture"))
