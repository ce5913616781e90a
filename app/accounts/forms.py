"""What is filled in about customers."""

from typing import Any
from uuid import UUID

from babel import Locale
from babel.core import get_global
from flask_babel import lazy_gettext as _l
from wtforms import FloatField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import HiddenInput

from app.accounts.actions import LONGEST_NOTE
from app.accounts.rules import (
    LARGEST_RADIUS_M,
    RATINGS,
    SMALLEST_RADIUS_M,
    USUAL_RADIUS_M,
    AccountInput,
    ContactInput,
    PlaceInput,
    certainty_of,
)
from app.kernel.countries import country_code
from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.i18n import LANGUAGES, N_
from app.kernel.zones import zone_of
from app.web.form import SHORT, Form, known_zone, line, position_of, required, text, whole
from app.web.maps import off_map
from app.web.zones import zone_choices

_RATINGS = [(rating, rating) for rating in RATINGS]
POOL = "none"  # the choice of no owner


def home_country(zone: str) -> str:
    """The country that a time zone belongs to (CLDR), '' where it is none's."""
    return str(get_global("zone_territories").get(zone, ""))


def country_name(code: str, language: str) -> str:
    """What a country is called in one of our languages (CLDR); the form's field reads it back."""
    return str(Locale.parse(language).territories.get(code, code))


class PositionFields(Form):
    """Degrees as static/js/position.js or map-pick.js write them; `datum` says in which coordinates they are."""

    lat = FloatField(_l("Latitude"), [Optional()])
    lon = FloatField(_l("Longitude"), [Optional()])
    accuracy_m = FloatField(_l("Accuracy"), [Optional(), NumberRange(0, 100_000)], widget=HiddenInput())
    datum = line(_l("Coordinates"), longest=SHORT, widget=HiddenInput())

    def position(self) -> Position | None:
        """WGS-84; InvalidError at `lat` where it is impossible."""
        found = position_of(self.lat.data, self.lon.data)
        return off_map(found.lat, found.lon) if found and self.datum.data == "gcj02" else found


class NewAccountForm(PositionFields):
    """The few things that are known at the door; all else has a default or comes later."""

    name = line(_l("Name"), required)
    phone = line(_l("Phone"), longest=SHORT)
    rating = RadioField(_l("Class"), [InputRequired()], choices=_RATINGS, default="C")
    category = line(_l("Category"), longest=SHORT)
    address = line(_l("Address"), longest=500)
    contact = line(_l("Contact person"))
    city = line(_l("City"), longest=SHORT)
    country = line(_l("Country"), longest=SHORT)
    owner_id = SelectField(_l("Owner"), [Optional()])
    warned = line("", longest=1, widget=HiddenInput())

    def offer_owners(self, owners: list[tuple[str, str]]) -> None:
        """The people to choose from, none for whoever adds only for himself."""
        if owners:
            self.owner_id.choices = owners
        else:
            del self.owner_id

    def owner(self, mine: UUID | None) -> UUID | None:
        """Whose it becomes: the chosen one's, without a choice one's own."""
        if "owner_id" not in self or not self.owner_id.data:
            return mine
        return None if self.owner_id.data == POOL else UUID(self.owner_id.data)

    def to_input(self, zone: str, language: str) -> tuple[AccountInput, PlaceInput, ContactInput | None]:
        """What the action takes. `zone` is where the person works: it holds unless the country says otherwise."""
        country, position = _country(self.country.data), self.position()
        if country and country != home_country(zone):
            zone = zone_of(country, "", position.lon if position else None) or zone
        return (
            AccountInput(
                self.name.data or "", category=self.category.data or "", rating=self.rating.data,
                phone=self.phone.data or "", language=language,
            ),
            PlaceInput(
                zone, country=country, city=self.city.data or "", address=self.address.data or "",
                position=position, certainty=certainty_of(self.accuracy_m.data),
            ),
            ContactInput(self.contact.data) if self.contact.data else None,
        )  # fmt: skip


class AccountForm(Form):
    name = line(_l("Name"), required)
    name_en = line(_l("English name"))
    rating = RadioField(_l("Class"), [InputRequired()], choices=_RATINGS)
    category = line(_l("Category"), longest=SHORT)
    phone = line(_l("Phone"), longest=100)
    email = line(_l("E-mail"), longest=254)
    website = line(_l("Website"), longest=500)
    tax_number = line(_l("Tax number"), longest=SHORT)
    language = SelectField(_l("Language of documents"), choices=list(LANGUAGES.items()))

    def to_input(self) -> AccountInput:
        """What the action takes."""
        return AccountInput(**{name: value or "" for name, value in self.data.items()})


class PlaceForm(PositionFields):
    label = line(_l("Name of the place"), longest=SHORT)
    address = line(_l("Address"), longest=500)
    district = line(_l("District"), longest=100)
    city = line(_l("City"), longest=100)
    region = line(_l("Province or state"), longest=100)
    postcode = line(_l("Postcode"), longest=20)
    country = line(_l("Country"), longest=SHORT)
    zone = SelectField(_l("Time zone"), [known_zone], choices=zone_choices, validate_choice=False)
    hours = line(_l("Opening hours"), longest=1000)
    radius = whole(
        _l("On site within (metres)"),
        InputRequired(),
        NumberRange(SMALLEST_RADIUS_M, LARGEST_RADIUS_M),
        default=USUAL_RADIUS_M,
    )

    def to_input(self, known: Any = None) -> PlaceInput:
        """What the action takes. `known` is the place being changed: an approximate position untouched stays so."""
        position, certainty = self.position(), certainty_of(self.accuracy_m.data)
        if position and known and (known.lat, known.lon) == (position.lat, position.lon):
            certainty = known.certainty
        texts = ("label", "address", "district", "city", "region", "postcode", "hours")
        return PlaceInput(
            zone=self.zone.data,
            country=_country(self.country.data),
            radius=self.radius.data or 0,
            position=position,
            certainty=certainty,
            **{name: self[name].data or "" for name in texts},
        )


class ContactForm(Form):
    name = line(_l("Name of the person"), required)
    title = line(_l("Position"), longest=SHORT)
    phone = line(_l("Phone"), longest=100)
    email = line(_l("E-mail"), longest=254)

    def to_input(self) -> ContactInput:
        """What the action takes."""
        return ContactInput(**{name: value or "" for name, value in self.data.items()})


class NoteForm(Form):
    text = text(_l("Note"), required, longest=LONGEST_NOTE)


class OwnerForm(Form):
    owner_id = SelectField(_l("Owner"), [InputRequired()])


def _country(typed: str | None) -> str:
    if not typed:
        return ""
    code = country_code(typed)
    if code is None:
        raise InvalidError("country", N_("Write a country like CN, China or 中国."))
    return code
