"""Territories for managers and administrators: what there is, who is in it, drawing and importing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, jsonify, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from app.accounts.rules import RATINGS
from app.identity.permissions import P
from app.infra import files
from app.kernel.access import Actor
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.i18n import N_
from app.kernel.ids import new_id, parse_id
from app.kernel.page import page_number
from app.territories.actions import draft_hands, draft_import, draft_territories, keep_shape
from app.territories.drawing import areas_json, from_map, whole
from app.territories.forms import LONGEST_SHAPE, FileForm, HandsForm, TerritoryForm
from app.territories.queries import (
    Reached,
    atlas_of,
    count_accounts,
    count_members,
    definition_of,
    find_latest_summary,
    get_change,
    get_territory,
    list_definitions,
    list_items,
    list_members,
    list_open_changes,
    list_outside,
    list_owners,
    list_territories,
    load_areas,
    reached,
)
from app.territories.rules import COLOURS, HOW_NAMES, MOST_HANDS, RULE_FIELDS, Definition, Work
from app.territories.shapes import UnreadableShapesError, name_choices, read_file, typed_of
from app.web.actor import current_actor
from app.web.errors import drain
from app.web.form import int_or_none
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.maps import on_map

blueprint = Blueprint("territories", __name__)
LONGEST_FILE_NAME = 120


# --- What there is ------------------------------------------------------------------------------------------


@blueprint.get("/territories")
@needs(P.TERRITORIES_MANAGE)
def territory_index() -> Response:
    actor = current_actor()
    rows = list_territories(actor)
    latest = find_latest_summary()
    return page(
        "territories/index.html",
        rows=rows,
        outside=count_accounts(actor) - sum(row.accounts for row in rows),
        overlaps=len(latest[1].pairs()) if latest else 0,
        drafts=list_open_changes(actor),
        change=_change_named(),
        reach=reached(actor),
    )


@blueprint.get("/territories/areas.json")
@needs(P.TERRITORIES_MANAGE)
def area_index() -> Response:
    """All outlines for the map; with `overlaps` also what two of them have in common."""
    definitions = list_definitions()
    latest = find_latest_summary() if "overlaps" in request.args else None
    pairs = [(UUID(one), UUID(other)) for one, other, *_ in latest[1].pairs()] if latest else []
    accounts = {row.id: row.accounts for row in list_territories(current_actor())}
    atlas = atlas_of(definitions) if pairs else None
    return jsonify({"areas": areas_json(definitions, accounts=accounts, crossings=pairs, atlas=atlas)})


@blueprint.get("/territories/overlaps")
@needs(P.TERRITORIES_MANAGE)
def overlap_index() -> Response:
    names = {str(key): each.name for key, each in list_definitions().items()}
    latest = find_latest_summary()
    pairs = [each for each in latest[1].pairs() if {each[0], each[1]} <= names.keys()] if latest else []
    return page("territories/overlaps.html", pairs=pairs, names=names, at=latest[0] if latest else None)


@blueprint.get("/territories/outside")
@needs(P.TERRITORIES_MANAGE)
def outside_index() -> Response:
    """The hole: customers in no territory."""
    return _outside(HandsForm(change_id=new_id()))


@blueprint.get("/territories/<uuid:territory_id>")
@needs(P.TERRITORIES_MANAGE)
def territory_show(territory_id: UUID) -> Response:
    return _show(territory_id, HandsForm(change_id=new_id()))


def _show(territory_id: UUID, form: HandsForm, status: int = 200) -> Response:
    actor = current_actor()
    row = get_territory(actor, territory_id)
    reach, by_class = reached(actor), count_members(actor, territory_id)
    found = list_members(actor, territory_id, page_number(request.args.get("page")))
    definition = definition_of(row)
    counts, seen = by_class
    return page(
        "territories/show.html",
        status=status,
        row=row,
        work=Work(tuple(counts.get(rating, 0) for rating in RATINGS)),
        ratings=RATINGS,
        seen=seen,
        found=found,
        rule=[(RULE_FIELDS[name], values) for name, values in definition.rule.items()],
        how_names=HOW_NAMES,
        may_change=reach.has(row.owner_id, row.team_id),
        form=form.offer(_targets(actor, reach)),
        areas={"areas": areas_json({territory_id: definition})},
    )


def _outside(form: HandsForm, status: int = 200) -> Response:
    actor = current_actor()
    found = list_outside(actor, page_number(request.args.get("page")))
    placed = [row for row in found.rows if row.lat is not None]
    pins = [_pin(row, *on_map(row.lat, row.lon)) for row in placed]
    return page(
        "territories/outside.html",
        status=status,
        found=found,
        form=form.offer(_targets(actor, reached(actor))),
        pins={"pins": pins},
    )


def _pin(row: Any, lat: float, lon: float) -> dict[str, Any]:
    address = url_for("accounts.account_show", account_id=row.id)
    return {"id": str(row.id), "lat": lat, "lon": lon, "label": row.name, "sub": row.address, "url": address}


def _targets(actor: Actor, reach: Reached) -> list[tuple[str, str]]:
    return [(str(row.id), row.name) for row in list_territories(actor) if reach.has(row.owner_id, row.team_id)]


@blueprint.post("/territories/hands")
@needs(P.TERRITORIES_MANAGE)
def hands_create() -> Response:
    """Put the ticked customers into a territory by hand: a draft."""
    actor, form = current_actor(), HandsForm(request.form)
    form.offer(_targets(actor, reached(actor)))
    accounts = {found for text in request.form.getlist("account")[: MOST_HANDS + 1] if (found := parse_id(text))}
    if form.validate():
        try:
            target = parse_id(form.territory_id.data)
            change_id = form.change_id.data or new_id()
            draft_hands(actor, change_id, accounts, target, None, datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            return goto(url_for("territory_changes.change_show", change_id=change_id))
    here = parse_id(request.form.get("here"))
    return _show(here, form, 422) if here else _outside(form, 422)


# --- Drawing ------------------------------------------------------------------------------------------------


@blueprint.get("/territories/new")
@needs(P.TERRITORIES_MANAGE)
def territory_new() -> Response:
    change = _change_named()
    colour = COLOURS[len(list_definitions()) % len(COLOURS)]
    change_id = change.id if change else new_id()
    return _form(TerritoryForm(change_id=change_id, territory_id=new_id(), colour=colour), None)


@blueprint.get("/territories/<uuid:territory_id>/edit")
@needs(P.TERRITORIES_MANAGE)
def territory_edit(territory_id: UUID) -> Response:
    """The territory as it is, or as a draft has it."""
    actor, change = current_actor(), _change_named()
    known = list_items(change.id).get(territory_id) if change else None
    definition = known[1] if known else definition_of(get_territory(actor, territory_id))
    if known is None and not reached(actor).has(definition.owner_id, definition.team_id):
        raise NotFoundError
    change_id = change.id if change else new_id()
    return _form(TerritoryForm.of(change_id, territory_id, definition, _typed(definition.shape_id)), territory_id)


@blueprint.post("/territories/drafts")
@needs(P.TERRITORIES_MANAGE)
def draft_create() -> Response:
    """A territory as it shall be, new or known: a draft with its preview."""
    actor, form = current_actor(), TerritoryForm(request.form)
    form.offer(list_owners(actor, reached(actor)))
    territory_id = form.territory_id.data
    known = list_definitions([territory_id]).get(territory_id) if territory_id else None
    if known and form.owner.data == _owner_of(known):  # somebody who has left keeps it until another gets it
        form.owner.validate_choice = False
    if form.validate() and territory_id is not None and form.change_id.data is not None:
        try:
            definition = form.to_input(_outline(form, known))
            change_id = form.change_id.data
            draft_territories(actor, change_id, {territory_id: definition}, int_or_none("version"), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            return goto(url_for("territory_changes.change_show", change_id=change_id))
    return _form(form, territory_id if known else None, 422)


@blueprint.post("/territories/<uuid:territory_id>/removal")
@needs(P.TERRITORIES_MANAGE)
def removal_create(territory_id: UUID) -> Response:
    """A draft in which the territory is gone."""
    actor = current_actor()
    definition = replace(definition_of(get_territory(actor, territory_id)), archived=True)
    change_id = parse_id(request.form.get("change_id")) or new_id()
    draft_territories(actor, change_id, {territory_id: definition}, None, datetime.now(UTC))
    return goto(url_for("territory_changes.change_show", change_id=change_id))


def _owner_of(definition: Definition) -> str:
    return f"person:{definition.owner_id}" if definition.owner_id else f"team:{definition.team_id}"


def _outline(form: TerritoryForm, known: Definition | None) -> UUID | None:
    """The shape that the form means: the one that it was opened with where nobody touched it."""
    shown = form.shown.data
    if shown is not None and shown in load_areas([shown]):
        is_untouched = form.datum.data != "gcj02" and (form.shape.data or "").split() == _typed(shown).split()
        if is_untouched:
            return shown
    area = form.area(from_map)
    return keep_shape(area) if area is not None else None


def _typed(shape_id: UUID | None) -> str:
    """An outline as the form shows it; '' where it is too long for a form."""
    area = load_areas([shape_id]).get(shape_id) if shape_id else None
    typed = typed_of(area) if area is not None else ""
    return typed if len(typed) < LONGEST_SHAPE else ""


def _form(form: TerritoryForm, territory_id: UUID | None, status: int = 200) -> Response:
    actor = current_actor()
    form.offer(list_owners(actor, reached(actor)))
    shown = form.shown.data
    area = load_areas([shown]).get(shown) if shown else None
    return page(
        "territories/form.html",
        status=status,
        form=form,
        territory_id=territory_id,
        is_drawn=request.method == "GET",
        drawn={"rings": whole(area) if area is not None else []},
        rule_fields=[form[f"rule_{name}"] for name in RULE_FIELDS],
        has_rule=bool(form.rule()),
    )


def _change_named() -> Any:
    """The draft that the address names, None for none."""
    change_id = parse_id(request.args.get("change"))
    return get_change(current_actor(), change_id) if change_id else None


# --- Importing ----------------------------------------------------------------------------------------------


@blueprint.get("/territories/imports/new")
@needs(P.TERRITORIES_MANAGE)
def import_new() -> Response:
    return _import(FileForm(change_id=new_id()))


@blueprint.post("/territories/imports")
@needs(P.TERRITORIES_MANAGE)
def import_create() -> Response:
    """Take in a GeoJSON file; what names its features is chosen on the next page."""
    form = FileForm(request.form)
    if form.validate():
        try:
            source = _take_in()
        except InvalidError as error:
            form.refuse(error)
        else:
            change_id = form.change_id.data or new_id()
            draft_import(current_actor(), change_id, source, datetime.now(UTC))
            return goto(url_for("territory_changes.change_show", change_id=change_id))
    return _import(form, 422)


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> Response:
    """A file, or an outline, beyond what is read at all; so nothing of the form is known either."""
    drain()
    form = FileForm(change_id=new_id())
    reason = N_(
        "The file is larger than %(most)s MB. Simplify its outlines (a tenth of the corners is usually enough), or "
        "split it and import the parts one after the other."
    )
    form.refuse(InvalidError("file", reason, {"most": _most()}))
    return _import(form, 413)


def _take_in() -> dict[str, Any]:
    """The uploaded file, stored, and what it offers. InvalidError at `file` where nothing of it can be used."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidError("file", N_("Choose a file first."))
    content = upload.read()
    try:
        features = read_file(content)
    except UnreadableShapesError as error:
        raise InvalidError("file", error.reason, error.params) from None
    name = "".join(each for each in upload.filename if each.isprintable())[-LONGEST_FILE_NAME:]
    return {
        "file_name": name, "digest": files.store(content), "features": len(features),
        "choices": [[key, [each[:40] for each in some]] for key, some in name_choices(features)[:40]],
    }  # fmt: skip


def _most() -> int:
    most: int = current_app.config["MAX_CONTENT_LENGTH"] // 1024**2
    return most


def _import(form: FileForm, status: int = 200) -> Response:
    return page("territories/import.html", status=status, form=form, most=_most())
