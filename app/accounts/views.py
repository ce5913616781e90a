"""Customers: the list, one of them with all that belongs to it, and the forms."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, flash, jsonify, request, url_for
from werkzeug.wrappers import Response

from app.accounts.actions import (
    add_account,
    add_contact,
    add_note,
    add_place,
    archive_account,
    archive_contact,
    archive_place,
    assign_owner,
    change_account,
    change_contact,
    change_place,
    restore_account,
    tell_alike,
)
from app.accounts.forms import (
    POOL,
    AccountForm,
    ContactForm,
    NewAccountForm,
    NoteForm,
    OwnerForm,
    PlaceForm,
    country_name,
    home_country,
)
from app.accounts.navigation import directions_to
from app.accounts.queries import (
    Duplicate,
    duplicates,
    find_owner_name,
    find_usual_place,
    get_account,
    get_contact,
    get_place,
    get_rhythms,
    list_accounts,
    list_contacts,
    list_notes,
    list_places,
)
from app.accounts.rules import (
    DAYS,
    DUPLICATE_REASONS,
    RATINGS,
    AccountFilters,
    address_line,
    dialled,
    intervals_of,
    link_to,
    next_visit_due,
    opening_today,
)
from app.identity.permissions import P
from app.identity.queries import list_colleagues
from app.kernel.access import Actor, Reach
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, StaleError
from app.kernel.geo import Position
from app.kernel.hours import format_hours, read_hours
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.kernel.page import page_number
from app.web.actor import current_actor
from app.web.arrival import arrival, captured_at
from app.web.conflict import stale
from app.web.form import int_or_none
from app.web.guard import needs
from app.web.htmx import block, goto, page
from app.web.locale import day_text, language
from app.web.locale import quick_gettext as _
from app.web.maps import mainland, on_map
from app.web.panels import known_in, shown_in
from app.web.versions import version_for

blueprint = Blueprint("accounts", __name__)


# --- The list --------------------------------------------------------------------------------------------------------


@blueprint.get("/accounts")
@needs(P.ACCOUNTS_READ)
def account_index() -> Response:
    actor, filters = current_actor(), AccountFilters.read(request.args)
    today = today_in(actor.zone, datetime.now(UTC))
    found = list_accounts(actor, filters, page_number(request.args.get("page")), today, printed=True)
    return page(
        "accounts/index.html",
        "account_list",
        found=found,
        lines=_lines(found.rows),
        filters=filters,
        chips_=_chips(filters, language()),
        more=urlencode(filters.args() | {"more": "1"}) if actor.reach is not Reach.OWN else None,
        colleagues=list_colleagues(actor) if actor.reach is not Reach.OWN and _asks_for_more(filters) else (),
    )


def _asks_for_more(filters: AccountFilters) -> bool:
    """Whether the form with all colleagues is wanted: most who look at the list do not use it."""
    return "more" in request.args or filters.owner not in ("", "me", POOL)


def _lines(rows: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    """(id, name, class, address, the rest in one line, what to dial): as few pieces as possible for the template. Whose
    it is stands there where it is not the reader's."""
    visited, never, pool = _("Last visit %(day)s"), _("Never visited"), _("Public pool")
    for account_id, name, rating, category, phone, visited_on, owner, address in rows:
        last = visited % {"day": day_text(visited_on)} if visited_on else never
        held = category if owner == "" else f"{owner or pool} · {category}" if category else owner or pool
        told = f"{held} · {last}" if held else last
        yield account_id, name, rating, address, told, dialled(phone)


@lru_cache(maxsize=256)  # without a search there are few of them
def _chips(filters: AccountFilters, _language: str) -> list[tuple[str, str, bool]]:
    """(label, address, whether it holds now) of the quick filters; the address of one that holds takes it away."""

    def chip(label: str, **change: object) -> tuple[str, str, bool]:
        holds = all(getattr(filters, name) == value for name, value in change.items())
        args = filters.args(**({name: _UNSET[name] for name in change} if holds else change))
        return label, f"/accounts?{urlencode(args)}" if args else "/accounts", holds

    return [
        chip(_("Mine"), owner="me"),
        chip(_("Public pool"), owner=POOL),
        *(chip(rating, rating=rating) for rating in RATINGS),
        *(chip(_("Not visited for %(number)s days", number=days), days=days) for days in DAYS),
        chip(_("Longest not visited first"), sort="stale"),
        chip(_("Archived"), archived=True),
    ]


_UNSET: dict[str, object] = {"owner": "", "rating": "", "days": None, "sort": "name", "archived": False}


# --- One account -----------------------------------------------------------------------------------------------------


@blueprint.get("/accounts/new")
@needs(P.ACCOUNTS_WRITE)
def account_new() -> Response:
    actor = current_actor()
    usual = find_usual_place(actor)
    country = usual.country if usual else home_country(actor.zone)
    form = NewAccountForm(city=usual.city if usual else "", country=country_name(country, actor.language))
    form.offer_owners(_owners(actor))
    if "owner_id" in form:
        form.owner_id.data = str(actor.id) if actor.may(P.VISITS_WRITE) else POOL
    return _new(form)


@blueprint.post("/accounts")
@needs(P.ACCOUNTS_WRITE)
def account_create() -> Response:
    actor, form = current_actor(), NewAccountForm(request.form)
    form.offer_owners(_owners(actor))
    row_id, now, attended = _row_id(), captured_at(), arrival().attended
    alike: list[Duplicate] = []
    if form.validate():
        try:
            given, place, contact = form.to_input(actor.zone, actor.language)
            if not form.warned.data:
                alike = duplicates(actor, given.name, given.phone, place.position, besides=row_id)
            if not alike or not attended:
                account = add_account(actor, row_id, given, place, contact, form.owner(actor.id), now)
                if alike:
                    tell_alike(account.id, _alike_text(alike), now)
                flash(_("%(name)s is added.", name=account.name), "success")
                return goto(url_for("accounts.account_show", account_id=account.id))
        except InvalidError as error:
            form.refuse(error)
    return _new(form, 422, alike)


def _new(form: NewAccountForm, status: int = 200, alike: list[Duplicate] | None = None) -> Response:
    return page("accounts/new.html", status=status, form=form, alike=alike or [], reasons=DUPLICATE_REASONS)


def _alike_text(alike: list[Duplicate]) -> str:
    """What nobody could be asked, as a note: the names that this person may see, and whose customers they are."""
    names = (f"{each.name} ({each.owner or _('Public pool')})" for each in alike)
    return _("Added without signal; it looks like: %(names)s", names=", ".join(names))


@blueprint.get("/accounts/duplicates")
@needs(P.ACCOUNTS_WRITE)
def duplicate_index() -> Response:
    """What looks like the customer being typed in; a fragment for the form."""
    form = NewAccountForm(request.args)
    try:
        position = form.position()
    except InvalidError:
        position = None
    alike = duplicates(current_actor(), (form.name.data or "")[:200], (form.phone.data or "")[:100], position)
    return block("accounts/new.html", "duplicates", alike=alike, reasons=DUPLICATE_REASONS)


@blueprint.get("/accounts/<uuid:account_id>")
@needs(P.ACCOUNTS_READ)
def account_show(account_id: UUID) -> Response:
    return _show(account_id)


def _show(account_id: UUID, status: int = 200, note_form: NoteForm | None = None) -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    account = get_account(actor, account_id)
    places, contacts = list_places(actor, account_id), list_contacts(actor, account_id)
    links = [
        directions_to(Position(place.lat, place.lon), account.name, mainland(), request.headers.get("User-Agent", ""))
        if place.lat is not None and place.lon is not None
        else None
        for place in places
    ]
    owner_form = None
    if actor.may(P.ACCOUNTS_ASSIGN):
        owner_form = OwnerForm(owner_id=str(account.owner_id or POOL))
        owner_form.owner_id.choices = _owners(actor, account.owner_id)
    return page(
        "accounts/show.html",
        "account_notes",
        status=status,
        account=account,
        owner=find_owner_name(account),
        due_on=next_visit_due(
            account.last_visit_on,
            account.rating,
            account.next_visit_on,
            intervals_of(get_rhythms()),
            account.visit_days,
        ),
        today=today_in(actor.zone, now),
        places=[
            {
                "row": place,
                "address": address_line(place.address, place.district, place.city),
                "opening": opening_today(place.hours, place.zone, now, actor.language),
                "links": link,
            }
            for place, link in zip(places, links, strict=True)
        ],
        pins={"pins": [_pin(place, account) for place in places if place.lat is not None]},
        contacts=contacts,
        notes=list_notes(actor, account_id),
        note_form=note_form or NoteForm(),
        owner_form=owner_form,
        call=dialled(account.phone) or next((dialled(each.phone) for each in contacts if dialled(each.phone)), ""),
        mail=account.email or next((each.email for each in contacts if each.email), ""),
        navigate=next((link.suggested for link in links if link), None),
        website=link_to(account.website),
        dialled=dialled,
        may_write=actor.may(P.ACCOUNTS_WRITE),
        may_visit=actor.may(P.VISITS_WRITE) and account.archived_at is None and bool(places),
        known=known_in("account", actor, account_id),
        panels=shown_in("account", actor, account_id),
    )


def _pin(place: Any, account: Any) -> dict[str, Any]:
    lat, lon = on_map(place.lat, place.lon)
    return {"id": str(place.id), "lat": lat, "lon": lon, "label": place.label or account.name, "class": account.rating}


@blueprint.get("/accounts/<uuid:account_id>/edit")
@needs(P.ACCOUNTS_WRITE)
def account_edit(account_id: UUID) -> Response:
    account = get_account(current_actor(), account_id)
    return _edit(account, AccountForm(obj=account), account.version)


@blueprint.post("/accounts/<uuid:account_id>")
@needs(P.ACCOUNTS_WRITE)
def account_update(account_id: UUID) -> Response:
    actor, form, version = current_actor(), AccountForm(request.form), version_for("account", account_id)
    account = get_account(actor, account_id)
    if form.validate():
        try:
            change_account(actor, account_id, form.to_input(), version, captured_at())
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, AccountForm(obj=account), url_for("accounts.account_edit", account_id=account_id))
        else:
            flash(_("Saved."), "success")
            return goto(url_for("accounts.account_show", account_id=account_id))
    return _edit(account, form, version, 422)


def _edit(account: Any, form: AccountForm, version: int | None, status: int = 200) -> Response:
    return page("accounts/edit.html", status=status, account=account, form=form, version=version)


@blueprint.post("/accounts/<uuid:account_id>/owner")
@needs(P.ACCOUNTS_ASSIGN)
def owner_update(account_id: UUID) -> Response:
    actor, form = current_actor(), OwnerForm(request.form)
    account = get_account(actor, account_id)
    form.owner_id.choices = _owners(actor, account.owner_id)
    if not form.validate():
        raise InvalidError("owner_id", N_("Choose somebody of your team."))
    owner_id = None if form.owner_id.data == POOL else UUID(form.owner_id.data)
    try:
        assign_owner(actor, account_id, owner_id, int_or_none("version"), captured_at())
    except StaleError:
        saved = OwnerForm(owner_id=str(account.owner_id or POOL))
        saved.owner_id.choices = form.owner_id.choices
        return stale(form, saved, url_for("accounts.account_show", account_id=account_id))
    flash(_("The owner is changed."), "success")
    return goto(url_for("accounts.account_show", account_id=account_id))


def _owners(actor: Actor, current: UUID | None = None) -> list[tuple[str, str]]:
    """Whom the actor may give accounts to; empty where only oneself."""
    if not actor.may(P.ACCOUNTS_ASSIGN):
        return []
    people = [(str(row.id), row.name) for row in list_colleagues(actor)]
    if current is not None and str(current) not in dict(people):
        people.append((str(current), _("somebody who left")))
    return [(POOL, _("Public pool")), *people]


@blueprint.post("/accounts/<uuid:account_id>/archive")
@needs(P.ACCOUNTS_WRITE)
def archive_create(account_id: UUID) -> Response:
    archive_account(current_actor(), account_id, captured_at())
    flash(_("The customer is archived. You find it under the filter “Archived”."), "success")
    return goto(url_for("accounts.account_index"))


@blueprint.post("/accounts/<uuid:account_id>/restore")
@needs(P.ACCOUNTS_WRITE)
def restore_create(account_id: UUID) -> Response:
    restore_account(current_actor(), account_id, captured_at())
    flash(_("The customer is back."), "success")
    return goto(url_for("accounts.account_show", account_id=account_id))


@blueprint.post("/accounts/<uuid:account_id>/notes")
@needs(P.ACCOUNTS_WRITE)
def note_create(account_id: UUID) -> Response:
    form = NoteForm(request.form)
    if form.validate():
        try:
            add_note(current_actor(), account_id, _row_id(), form.text.data or "", captured_at())
        except InvalidError as error:
            form.refuse(error)
        else:
            return goto(url_for("accounts.account_show", account_id=account_id) + "#account_notes")
    return _show(account_id, 422, form)


# --- Places ----------------------------------------------------------------------------------------------------------


@blueprint.get("/accounts/<uuid:account_id>/places/new")
@needs(P.ACCOUNTS_WRITE)
def place_new(account_id: UUID) -> Response:
    actor = current_actor()
    account, places = get_account(actor, account_id), list_places(actor, account_id)
    near = places[0] if places else None
    form = PlaceForm(
        zone=near.zone if near else actor.zone,
        country=country_name(near.country if near else home_country(actor.zone), actor.language),
        region=near.region if near else "",
        city=near.city if near else "",
    )
    return _place(account, None, form, near=near)


@blueprint.post("/accounts/<uuid:account_id>/places")
@needs(P.ACCOUNTS_WRITE)
def place_create(account_id: UUID) -> Response:
    actor, form = current_actor(), PlaceForm(request.form)
    account = get_account(actor, account_id)
    if form.validate():
        try:
            add_place(actor, account_id, _row_id(), form.to_input(), captured_at())
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("Saved."), "success")
            return goto(url_for("accounts.account_show", account_id=account_id))
    return _place(account, None, form, None, 422)


@blueprint.get("/places/<uuid:place_id>/edit")
@needs(P.ACCOUNTS_WRITE)
def place_edit(place_id: UUID) -> Response:
    actor = current_actor()
    place = get_place(actor, place_id)
    return _place(get_account(actor, place.account_id), place, _place_form(place, actor), place.version)


@blueprint.post("/places/<uuid:place_id>")
@needs(P.ACCOUNTS_WRITE)
def place_update(place_id: UUID) -> Response:
    actor, form, version = current_actor(), PlaceForm(request.form), version_for("place", place_id)
    place = get_place(actor, place_id)
    if form.validate():
        try:
            change_place(actor, place_id, form.to_input(place), version, captured_at())
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, _place_form(place, actor), url_for("accounts.place_edit", place_id=place_id))
        else:
            flash(_("Saved."), "success")
            return goto(url_for("accounts.account_show", account_id=place.account_id))
    return _place(get_account(actor, place.account_id), place, form, version, 422)


@blueprint.post("/places/<uuid:place_id>/archive")
@needs(P.ACCOUNTS_WRITE)
def place_archive(place_id: UUID) -> Response:
    actor = current_actor()
    place = get_place(actor, place_id)
    archive_place(actor, place_id, captured_at())
    flash(_("The place is archived."), "success")
    return goto(url_for("accounts.account_show", account_id=place.account_id))


@blueprint.get("/maps/point")
@needs(P.ACCOUNTS_READ)
def map_point() -> Response:
    """Where a WGS-84 position (lat, lon) is on this installation's tiles; for static/js/map-pick.js."""
    try:
        lat, lon = on_map(float(request.args.get("lat", "")), float(request.args.get("lon", "")))
    except ValueError:
        raise InvalidError("", N_("There is no such position on earth.")) from None
    return jsonify(lat=lat, lon=lon)


def _place_form(place: Any, actor: Actor) -> PlaceForm:
    names = ("label", "address", "district", "city", "region", "postcode", "zone", "radius", "lat", "lon")
    return PlaceForm(
        data={
            **{name: getattr(place, name) for name in names},
            "hours": format_hours(read_hours(place.hours), actor.language),
            "country": country_name(place.country, actor.language),
        }
    )


def _place(
    account: Any, place: Any, form: PlaceForm, version: int | None = None, status: int = 200, near: Any = None
) -> Response:
    """`near`: another place that the map of a new one begins at."""
    known = place or near
    at = on_map(known.lat, known.lon) if known is not None and known.lat is not None else None
    return page("accounts/place.html", status=status, account=account, place=place, form=form, version=version, at=at)


# --- Contacts --------------------------------------------------------------------------------------------------------


@blueprint.get("/accounts/<uuid:account_id>/contacts/new")
@needs(P.ACCOUNTS_WRITE)
def contact_new(account_id: UUID) -> Response:
    return _contact(get_account(current_actor(), account_id), None, ContactForm())


@blueprint.post("/accounts/<uuid:account_id>/contacts")
@needs(P.ACCOUNTS_WRITE)
def contact_create(account_id: UUID) -> Response:
    actor, form = current_actor(), ContactForm(request.form)
    account = get_account(actor, account_id)
    if form.validate():
        try:
            add_contact(actor, account_id, _row_id(), form.to_input(), captured_at())
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("Saved."), "success")
            return goto(url_for("accounts.account_show", account_id=account_id))
    return _contact(account, None, form, None, 422)


@blueprint.get("/contacts/<uuid:contact_id>/edit")
@needs(P.ACCOUNTS_WRITE)
def contact_edit(contact_id: UUID) -> Response:
    contact = get_contact(current_actor(), contact_id)
    account = get_account(current_actor(), contact.account_id)
    return _contact(account, contact, ContactForm(obj=contact), contact.version)


@blueprint.post("/contacts/<uuid:contact_id>")
@needs(P.ACCOUNTS_WRITE)
def contact_update(contact_id: UUID) -> Response:
    actor, form, version = current_actor(), ContactForm(request.form), version_for("contact", contact_id)
    contact = get_contact(actor, contact_id)
    if form.validate():
        try:
            change_contact(actor, contact_id, form.to_input(), version, captured_at())
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, ContactForm(obj=contact), url_for("accounts.contact_edit", contact_id=contact_id))
        else:
            flash(_("Saved."), "success")
            return goto(url_for("accounts.account_show", account_id=contact.account_id))
    return _contact(get_account(actor, contact.account_id), contact, form, version, 422)


@blueprint.post("/contacts/<uuid:contact_id>/archive")
@needs(P.ACCOUNTS_WRITE)
def contact_archive(contact_id: UUID) -> Response:
    actor = current_actor()
    contact = get_contact(actor, contact_id)
    archive_contact(actor, contact_id, captured_at())
    flash(_("The contact is archived."), "success")
    return goto(url_for("accounts.account_show", account_id=contact.account_id))


def _contact(account: Any, contact: Any, form: ContactForm, version: int | None = None, status: int = 200) -> Response:
    return page("accounts/contact.html", status=status, account=account, contact=contact, form=form, version=version)


def _row_id() -> UUID | None:
    """The id of the row that this post makes: the form's own key, so that one filled-in form is one row for ever."""
    return parse_id(request.form.get("once"))
