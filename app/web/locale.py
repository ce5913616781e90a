"""Which language and time zone the reader of this request has."""

from datetime import date, datetime
from functools import lru_cache

from babel.dates import get_timezone_location
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, format_date, format_datetime, format_time, get_locale, gettext
from markupsafe import Markup, escape

from app.kernel.dates import zone_of
from app.kernel.i18n import LANGUAGES, negotiate
from app.web.actor import find_current_actor

COOKIE = "language"
babel = Babel()


def language() -> str:
    """The person's own, else what the browser was told on the sign-in page, else what it asks for."""
    if not has_request_context():
        return "en"
    found: str | None = g.get("language")
    if found is None:
        actor = find_current_actor()
        if actor:
            found = actor.language
        else:
            chosen = request.cookies.get(COOKIE, "")
            found = chosen if chosen in LANGUAGES else negotiate([tag for tag, _ in request.accept_languages])
        g.language = found
    return found


_texts: dict[tuple[str, str], str] = {}


def quick_gettext(text: str, **values: object) -> str:
    """gettext for templates: a page has a hundred texts, so each is looked up once for a language and process."""
    spoken = g.get("language")  # as soon as one text of the request was asked for
    if spoken is None:
        if not has_request_context():  # the worker prints documents in languages that no reader says
            return str(gettext(text, **values))
        spoken = language()
    key = (spoken, text)
    found = _texts.get(key)
    if found is None:
        found = _texts[key] = str(gettext(text))
    if not values:
        return found
    if any(isinstance(value, Markup) for value in values.values()):  # escaped already: the rest must be, too
        return Markup(escape(found)) % values  # noqa: S704 - escaped in this line
    return found % values


def zone() -> str:
    """IANA zone of the reader."""
    actor = find_current_actor() if has_request_context() else None
    return actor.zone if actor else "UTC"


def speak(app: Flask) -> None:
    """Give the application its languages."""
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    babel.init_app(app, locale_selector=language, timezone_selector=zone)


def day_text(value: object, form: str = "medium") -> str:
    """A date (or the reader's date of a moment) in words."""
    if type(value) is date:
        return _day_text(value, form, str(get_locale()))
    return str(format_date(value, form)) if value else ""


@lru_cache(maxsize=4096)
def _day_text(value: date, form: str, _locale: str) -> str:
    """Lists show the same few days again and again."""
    return str(format_date(value, form))


def time_text(value: datetime | None) -> str:
    """Hours and minutes of a moment in the reader's zone."""
    return str(format_time(value, "HH:mm")) if value else ""


def moment_text(value: datetime | None) -> str:
    """Date, hours and minutes of a moment in the reader's zone."""
    return f"{format_date(value, 'medium')} {format_datetime(value, 'HH:mm')}" if value else ""


def local_time_text(value: datetime | None, place_zone: str) -> str:
    """Hours and minutes of a moment where it happened, with the city where the reader's clock shows another time."""
    if value is None:
        return ""
    there = value.astimezone(zone_of(place_zone))
    city = city_elsewhere(place_zone, value)
    return f"{there:%H:%M} ({city})" if city else f"{there:%H:%M}"


def local_day_text(value: datetime, place_zone: str) -> str:
    """The date of a moment where it happened, in words: what stands beside local_time."""
    return day_text(value.astimezone(zone_of(place_zone)).date())


def city_elsewhere(place_zone: str, now: datetime) -> str:
    """The city of a zone whose clock shows another time than the reader's, '' where it shows the same."""
    same = now.astimezone(zone_of(place_zone)).utcoffset() == now.astimezone(zone_of(zone())).utcoffset()
    return "" if same else city_text(place_zone)


def city_text(place_zone: str) -> str:
    """The city that a zone is named after, in the reader's language: Taipei, 台北."""
    return _city_text(place_zone, str(get_locale()))


@lru_cache(maxsize=1024)
def _city_text(place_zone: str, locale: str) -> str:
    return str(get_timezone_location(place_zone, locale=locale, return_city=True))
