"""A change of territories: its preview, its application, its undoing, and all there were."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import RATINGS
from app.identity.permissions import P
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.ids import new_id, parse_id
from app.kernel.page import page_number
from app.territories.actions import (
    accept_mended,
    apply_change,
    choose_source,
    discard_change,
    resume_change,
    set_hand_over,
    undo_change,
)
from app.territories.drawing import areas_json
from app.territories.forms import HandOverForm, SourceForm, UndoForm
from app.territories.queries import (
    count_given,
    find_names,
    find_progress,
    find_undoing,
    get_change,
    list_changes,
    list_items,
    list_moves,
)
from app.territories.rules import (
    HOW_NAMES,
    STATE_NAMES,
    STATE_TONES,
    VISIT_MINUTES,
    Definition,
    State,
    Summary,
    Work,
    state_of,
)
from app.web.actor import current_actor
from app.web.errors import reason_text
from app.web.form import int_or_none
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("territory_changes", __name__)
MOST_LINES = 200  # territories in a table
AT_WORK = (State.WORKING, State.APPLYING)


@blueprint.get("/territories/changes")
@needs(P.TERRITORIES_MANAGE)
def change_index() -> Response:
    found = list_changes(current_actor(), page_number(request.args.get("page")))
    return page(
        "territories/changes.html",
        found=found,
        state_of=lambda row: state_of(row, row.failure),
        names=STATE_NAMES,
        tones=STATE_TONES,
    )


@blueprint.get("/territories/changes/<uuid:change_id>")
@needs(P.TERRITORIES_MANAGE)
def change_show(change_id: UUID) -> Response:
    return _show(change_id)


@blueprint.get("/territories/changes/<uuid:change_id>/areas.json")
@needs(P.TERRITORIES_MANAGE)
def area_index(change_id: UUID) -> Response:
    """The outlines that were and those that come, for the map."""
    get_change(current_actor(), change_id)
    return jsonify({"areas": _areas(list_items(change_id))})


@blueprint.post("/territories/changes/<uuid:change_id>/source")
@needs(P.TERRITORIES_MANAGE)
def source_update(change_id: UUID) -> Response:
    """Which property names the features."""
    actor, form = current_actor(), SourceForm(request.form)
    change = get_change(actor, change_id)
    form.offer((change.source or {}).get("choices", ()))
    if form.validate():
        given = form.name.data or "", form.code.data or "", form.datum.data
        try:
            choose_source(actor, change_id, *given, int_or_none("version"), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            return _back(change_id)
    return _show(change_id, source_form=form, status=422)


@blueprint.post("/territories/changes/<uuid:change_id>/mending")
@needs(P.TERRITORIES_MANAGE)
def mending_create(change_id: UUID) -> Response:
    """Take the file mended, without what cannot be mended."""
    return _do(change_id, lambda: accept_mended(current_actor(), change_id, int_or_none("version"), datetime.now(UTC)))


@blueprint.post("/territories/changes/<uuid:change_id>/preview")
@needs(P.TERRITORIES_MANAGE)
def preview_update(change_id: UUID) -> Response:
    """The preview anew, with or without giving the accounts to the owners."""
    wanted, version = bool(HandOverForm(request.form).hand_over.data), int_or_none("version")
    return _do(change_id, lambda: set_hand_over(current_actor(), change_id, wanted, version, datetime.now(UTC)))


@blueprint.post("/territories/changes/<uuid:change_id>/application")
@needs(P.TERRITORIES_MANAGE)
def application_create(change_id: UUID) -> Response:
    return _do(change_id, lambda: apply_change(current_actor(), change_id, int_or_none("version"), datetime.now(UTC)))


@blueprint.post("/territories/changes/<uuid:change_id>/resumption")
@needs(P.TERRITORIES_MANAGE)
def resumption_create(change_id: UUID) -> Response:
    """Go on with work that was given up."""
    return _do(change_id, lambda: resume_change(current_actor(), change_id, datetime.now(UTC)))


@blueprint.post("/territories/changes/<uuid:change_id>/discard")
@needs(P.TERRITORIES_MANAGE)
def discard_create(change_id: UUID) -> Response:
    return _do(change_id, lambda: discard_change(current_actor(), change_id, int_or_none("version"), datetime.now(UTC)))


@blueprint.post("/territories/changes/<uuid:change_id>/undoing")
@needs(P.TERRITORIES_MANAGE)
def undoing_create(change_id: UUID) -> Response:
    """Draft the undoing of an applied change."""
    actor = current_actor()
    get_change(actor, change_id)
    undoing_id = UndoForm(request.form).change_id.data or new_id()
    try:
        undoing = undo_change(actor, change_id, undoing_id, datetime.now(UTC))
    except InvalidError as error:
        return _show(change_id, reason=reason_text(error), status=422)
    return _back(undoing.id)


def _do(change_id: UUID, act: Any) -> Response:
    """Carry out, and show the change; a refusal stands above it."""
    get_change(current_actor(), change_id)
    try:
        act()
    except InvalidError as error:
        return _show(change_id, reason=reason_text(error), status=422)
    return _back(change_id)


def _back(change_id: UUID) -> Response:
    return goto(url_for("territory_changes.change_show", change_id=change_id))


# --- The page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """Accounts and work before and after, of a territory or of an owner; `sign`: new, changed, removed or ''."""

    name: str
    before: Work
    after: Work
    sign: str = ""


def _show(change_id: UUID, *, source_form: SourceForm | None = None, reason: str = "", status: int = 200) -> Response:
    actor = current_actor()
    change = get_change(actor, change_id)
    progress = find_progress(change)
    state = state_of(change, progress.failure)
    source = change.source or {}
    context: dict[str, Any] = {
        "change": change, "state": state.value, "names": STATE_NAMES, "reason": reason,
        "is_open": state in AT_WORK, "how_far": progress, "source": source,
        "state_name": STATE_NAMES[state],
    }  # fmt: skip
    if state is State.CHOOSING:
        context["source_form"] = source_form or SourceForm().offer(source["choices"])
    elif state is State.REFUSED:
        context["problems"] = [{**each, "text": _text(**each)} for each in change.problems]
    elif state in (State.READY, State.APPLIED):
        context |= _preview(change, state, progress.generation)
    return page("territories/change.html", "change", status=status, **context)


def _preview(change: Any, state: State, generation: int) -> dict[str, Any]:
    actor, summary, items = current_actor(), Summary.of(change.summary), list_items(change.id)
    found = list_moves(
        actor, change.id, page_number(request.args.get("page")), kept="kept" in request.args
    )  # fmt: skip
    given = count_given(change.id) if summary.given else []
    keys = summary.work_by_owner()
    people = {parse_id(key.partition(":")[2]) for key in keys if key and key.startswith("person:")}
    people |= {each for row in (*given, *found.rows) for each in (row.owner_from, row.owner_to)}
    teams = {parse_id(key.partition(":")[2]) for key in keys if key and key.startswith("team:")}
    names = find_names([each for each in people if each], [each for each in teams if each])
    return {
        "summary": summary,
        "territories": _territory_lines(summary, items)[:MOST_LINES],
        "more_territories": max(0, len(_territory_lines(summary, items)) - MOST_LINES),
        "owners": _owner_lines(keys, names),
        "given": _given_lines(given, names),
        "found": found,
        "territory_names": {UUID(key): each[0] for key, each in summary.territories.items()},
        "person_names": names,
        "how_names": HOW_NAMES,
        "minutes": VISIT_MINUTES,
        "ratings": RATINGS,
        "is_stale": state is State.READY and change.based_on != generation,
        "may_assign": actor.may(P.ACCOUNTS_ASSIGN),
        "undoing": find_undoing(change.id) if state is State.APPLIED else None,
        "undo_form": UndoForm(change_id=new_id()),
        "has_areas": any(each.shape_id for pair in items.values() for each in pair if each),
        "kept_only": "kept" in request.args,
    }


def _text(reason: str, params: dict[str, Any], **_problem: Any) -> str:
    """What is wrong, in the reader's language."""
    return str(_(reason, **params))


def _territory_lines(summary: Summary, items: dict[UUID, tuple[Definition | None, Definition]]) -> list[Line]:
    """The territories that the change names, and the others that gain or lose by it."""
    lines = []
    for key in {**dict.fromkeys(map(str, items)), **summary.before, **summary.after}:
        before, after = summary.work(key)
        item = items.get(UUID(key)) if key else None
        if item is None and before == after:
            continue
        name = summary.territories.get(key, [str(_("In no territory"))])[0]
        sign = ""
        if item is not None:
            sign = N_("removed") if item[1].archived else N_("new") if item[0] is None else N_("changed")
        lines.append(Line(name, before, after, sign))
    return sorted(lines, key=lambda each: (-abs(each.after.accounts - each.before.accounts), each.name))


def _owner_lines(keys: dict[str | None, tuple[Work, Work]], names: dict[UUID, str]) -> list[Line]:
    lines = []
    for key, (before, after) in keys.items():
        name = str(_("In no territory")) if key is None else str(_("Nobody yet"))
        known = parse_id(key.partition(":")[2]) if key else None
        lines.append(Line(names.get(known, "–") if known else name, before, after))
    return sorted(lines, key=lambda each: each.name)


def _given_lines(given: Any, names: dict[UUID, str]) -> list[Line]:
    """Who loses and who gets accounts of their own: the work that goes away and the work that comes."""
    works: dict[UUID | None, list[Work]] = {}
    for row in given:
        one = Work(tuple(row.accounts if rating == row.rating else 0 for rating in RATINGS))
        works.setdefault(row.owner_from, [Work(), Work()])[0] += one
        works.setdefault(row.owner_to, [Work(), Work()])[1] += one
    pool = str(_("Public pool"))
    return sorted(
        (Line(names.get(owner, "–") if owner else pool, lost, won) for owner, (lost, won) in works.items()),
        key=lambda each: each.name,
    )


def _areas(items: dict[UUID, tuple[Definition | None, Definition]]) -> list[dict[str, Any]]:
    """What was and what comes."""
    was = {key: before for key, (before, after) in items.items() if before and before.shape_id != after.shape_id}
    was |= {key: after for key, (_before, after) in items.items() if after.archived}
    new = {key: after for key, (_before, after) in items.items() if not after.archived}
    return [
        *areas_json(was, looks=dict.fromkeys(was, "was")),
        *areas_json(new, looks=dict.fromkeys(new, "new")),
    ]
