"""What every template may use: addresses of static files, the menu, form keys, and how things are written."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, get_flashed_messages, render_template, request, url_for
from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup

from app.kernel.i18n import LANGUAGES, html_lang, label_in
from app.kernel.ids import new_id
from app.kernel.money import Money, format_money
from app.web import locale
from app.web.actor import find_current_actor
from app.web.arrival import late_text
from app.web.shell import Shell
from app.web.slice import MenuItem, Slice

PACKING = "fieldbook.packing"  # in the environment of a request that makes a page for later: no news are told in it
MOST_DRAWN = 2000  # menus kept in memory, 3 KB each


@dataclass(frozen=True, slots=True)
class MenuLink:
    """A menu item as one person sees it."""

    label: str
    url: str
    icon: str
    place: str
    group: str
    home: int
    covers: tuple[str, ...]


def furnish(app: Flask, slices: Iterable[Slice], shell: Shell) -> None:
    """Put the house's words into all templates."""
    items = sorted((item for each in slices for item in each.menu), key=lambda item: item.order)
    app.config["BUILD"] = shell.build
    ready: dict[tuple[frozenset[str], str], list[MenuLink]] = {}
    addresses: dict[tuple[frozenset[str], str], str] = {}  # of the item that a route belongs to, for each role
    drawn: dict[tuple[frozenset[str], str, str, str], Markup] = {}

    def menu() -> list[MenuLink]:
        """The signed-in person's menu; made once for each role and language."""
        actor = find_current_actor()
        if actor is None:
            return []
        key = (actor.permissions, locale.language())
        if key not in ready:
            ready[key] = [_link(item) for item in items if actor.may(item.permission)]
        return ready[key]

    def menu_html() -> Markup:
        """The menu as HTML, drawn once for each person, language and current item."""
        actor, route = find_current_actor(), request.url_rule.rule if request.url_rule else ""
        if actor is None:
            return Markup()
        here = addresses.get((actor.permissions, route))
        if here is None:
            here = addresses[actor.permissions, route] = _menu_address(menu(), route)
        key = (actor.permissions, locale.language(), here, actor.name)
        html = drawn.get(key)
        if html is None:
            if len(drawn) > MOST_DRAWN:
                drawn.clear()
            html = Markup(render_template("ui/menu.html", links=menu(), here=here, name=actor.name))  # noqa: S704 - our own template, escaped
            drawn[key] = html
        return html

    app.extensions["menu"] = menu
    app.jinja_env.globals.update(
        static=shell.prefix,
        style=shell.style,
        menu=menu,
        menu_html=menu_html,
        form_key=new_id,
        page_address=page_address,
        flashes=lambda: [] if PACKING in request.environ else get_flashed_messages(with_categories=True),
        languages=LANGUAGES,
        html_lang=lambda: html_lang(locale.language()),
        _=locale.quick_gettext,
        ngettext=ngettext,
        settings=app.config["SETTINGS"],
    )
    app.jinja_env.filters.update(
        day=locale.day_text,
        time=locale.time_text,
        local_day=locale.local_day_text,
        local_time=locale.local_time_text,
        city=locale.city_text,
        moment=locale.moment_text,
        money=money_text,
        distance=distance_text,
        duration=duration_text,
        later=late_text,
        in_language=lambda text: label_in(text, str(get_locale())),
    )

    @app.context_processor
    def words() -> dict[str, Any]:
        return {"actor": find_current_actor()}


def home() -> str:
    """The address that a signed-in person starts at, which differs by role."""
    links: list[MenuLink] = current_app.extensions["menu"]()
    return min(links, key=lambda link: link.home).url


def _link(item: MenuItem) -> MenuLink:
    address = url_for(item.endpoint)
    return MenuLink(gettext(item.label), address, item.icon, item.place, gettext(item.group), item.home, item.covers)


def _menu_address(links: Iterable[MenuLink], route: str) -> str:
    """The menu address that a route belongs to: the longest that it begins with; '' for none."""
    if route == "/more":
        return route
    for link in links:
        if route.startswith(link.covers):
            return link.url
    fitting = (link.url for link in links if route == link.url or route.startswith(link.url.rstrip("/") + "/"))
    return max(fitting, key=len, default="")


def page_address(number: int) -> str:
    """The address of another page of the list that is shown; the rest of the address stays."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    return f"?{urlencode([*kept, ('page', number)])}"


def money_text(minor: int | None, currency: str) -> str:
    """Minor units as an amount in the reader's language."""
    return "" if minor is None else format_money(Money(minor, currency), locale.language())


def distance_text(metres: float | None) -> str:
    """A distance as people say it: 80 m, 1.2 km, 35 km; halves up, as static/js/plan-times.js has it."""
    if metres is None:
        return ""
    if metres < 995:
        return str(gettext("%(number)s m", number=10 * _rounded(metres / 10) if metres >= 100 else _rounded(metres)))
    tenths = _rounded(metres / 100)
    number = f"{tenths / 10:.1f}" if tenths < 100 else f"{_rounded(metres / 1000):,}"
    return str(gettext("%(number)s km", number=number))


def _rounded(number: float) -> int:
    return floor(number + 0.5)


def duration_text(seconds: float | None) -> str:
    """A duration as people say it, in its largest whole unit from two of it on: 45 seconds, 90 minutes, 3 days."""
    if seconds is None:
        return ""
    number = round(seconds)
    if number < 120:
        return str(ngettext("%(num)s second", "%(num)s seconds", number))
    if number < 120 * 60:
        return str(ngettext("%(num)s minute", "%(num)s minutes", number // 60))
    if number < 48 * 3600:
        return str(ngettext("%(num)s hour", "%(num)s hours", number // 3600))
    days = number // 86400
    if days < 730:
        return str(ngettext("%(num)s day", "%(num)s days", days))
    return str(ngettext("%(num)s year", "%(num)s years", days // 365))
