"""Week plans for managers: drafting, looking, publishing, withdrawing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from app.beats.actions import (
    asked_of,
    cancel_plan,
    discard_plan,
    draft_plan,
    plan_again,
    publish_plan,
    resume_plan,
    withdraw_plan,
)
from app.beats.calendars import CALENDAR_NAMES, Calendar
from app.beats.forms import BeatForm
from app.beats.queries import (
    find_differences,
    find_progress,
    get_plan,
    is_outdated,
    list_absent_days,
    list_account_names,
    list_names,
    list_plan_reps,
    list_plans,
    list_reps,
    list_visits,
    names_of,
)
from app.beats.rules import LACK_NAMES, Difference
from app.beats.sheets import (
    around,
    day_name,
    hours_text,
    remedy_text,
    shortfall_text,
    total_of,
    unannounced,
    weeks_of,
)
from app.beats.states import (
    AT_WORK,
    STATE_NAMES,
    STATE_TONES,
    Outcome,
    State,
    read_days,
    read_missing,
    read_shortfall,
    state_of,
)
from app.identity.permissions import ROLES, P
from app.kernel.access import Reach
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, StaleError
from app.kernel.ids import new_id, parse_id
from app.kernel.page import page_number
from app.web.actor import current_actor
from app.web.form import int_or_none
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.locale import day_text, local_time_text

blueprint = Blueprint("beats", __name__)

MOST_LINES = 100  # of a list of changes, or of what is missing
TEAM_SIZE = 12  # so many are ticked at first; larger teams choose


# --- Many ------------------------------------------------------------------------------------------------------------


@blueprint.get("/beat-plans")
@needs(P.BEATS_MANAGE)
def plan_index() -> Response:
    found = list_plans(current_actor(), page_number(request.args.get("page")))
    return page(
        "beats/index.html",
        found=found,
        reps=list_names([row.id for row in found.rows]),
        last_day=lambda row: row.first_on + timedelta(days=7 * row.weeks - 1),
        state_of=lambda row: state_of(row, row.failure),
        names=STATE_NAMES,
        tones=STATE_TONES,
    )


@blueprint.get("/beat-plans/new")
@needs(P.BEATS_MANAGE)
def plan_new() -> Response:
    actor = current_actor()
    today = today_in(actor.zone, datetime.now(UTC))
    sellers = [row.id for row in list_reps(actor) if ROLES[row.role][1] is Reach.OWN and row.accounts]
    next_monday = today + timedelta(days=7 - today.weekday())
    return _form(
        BeatForm(plan_id=new_id(), reps=sellers if len(sellers) <= TEAM_SIZE else [], first_on=next_monday, weeks=1)
    )


@blueprint.post("/beat-plans")
@needs(P.BEATS_MANAGE)
def plan_create() -> Response:
    actor, form = current_actor(), _offered(BeatForm(request.form))
    if form.validate():
        plan_id = form.plan_id.data or new_id()
        try:
            draft_plan(actor, plan_id, form.to_input(), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            return _back(plan_id)
    return _form(form, 422)


def _offered(form: BeatForm) -> BeatForm:
    actor = current_actor()
    return form.offer([(row.id, row.name) for row in list_reps(actor)], today_in(actor.zone, datetime.now(UTC)))


def _form(form: BeatForm, status: int = 200) -> Response:
    accounts = {row.id: row.accounts for row in list_reps(current_actor())}
    return page("beats/new.html", status=status, form=_offered(form), accounts=accounts)


# --- One -------------------------------------------------------------------------------------------------------------


@blueprint.get("/beat-plans/<uuid:plan_id>")
@needs(P.BEATS_MANAGE)
def plan_show(plan_id: UUID) -> Response:
    return _show(plan_id)


@blueprint.post("/beat-plans/<uuid:plan_id>/cancellation")
@needs(P.BEATS_MANAGE)
def cancellation_create(plan_id: UUID) -> Response:
    """Stop working it out."""
    cancel_plan(current_actor(), plan_id, datetime.now(UTC))
    return _back(plan_id)


@blueprint.post("/beat-plans/<uuid:plan_id>/planning")
@needs(P.BEATS_MANAGE)
def planning_create(plan_id: UUID) -> Response:
    """Work it out anew."""
    plan_again(current_actor(), plan_id, int_or_none("version"), datetime.now(UTC))
    return _back(plan_id)


@blueprint.post("/beat-plans/<uuid:plan_id>/publication")
@needs(P.BEATS_MANAGE)
def publication_create(plan_id: UUID) -> Response:
    publish_plan(current_actor(), plan_id, _looked_at(plan_id), datetime.now(UTC))
    return _back(plan_id)


@blueprint.post("/beat-plans/<uuid:plan_id>/withdrawal")
@needs(P.BEATS_MANAGE)
def withdrawal_create(plan_id: UUID) -> Response:
    withdraw_plan(current_actor(), plan_id, _looked_at(plan_id), datetime.now(UTC))
    return _back(plan_id)


@blueprint.post("/beat-plans/<uuid:plan_id>/resumption")
@needs(P.BEATS_MANAGE)
def resumption_create(plan_id: UUID) -> Response:
    """Go on with what was given up."""
    resume_plan(current_actor(), plan_id, datetime.now(UTC))
    return _back(plan_id)


@blueprint.post("/beat-plans/<uuid:plan_id>/discard")
@needs(P.BEATS_MANAGE)
def discard_create(plan_id: UUID) -> Response:
    discard_plan(current_actor(), plan_id, int_or_none("version"), datetime.now(UTC))
    return goto(url_for("beats.plan_index"))


def _looked_at(plan_id: UUID) -> int:
    """The version that whoever decides has seen: nobody publishes unseen (StaleError)."""
    version = int_or_none("version")
    if version is None:
        raise StaleError(get_plan(current_actor(), plan_id).version)
    return version


def _back(plan_id: UUID) -> Response:
    return goto(url_for("beats.plan_show", plan_id=plan_id))


# --- The page --------------------------------------------------------------------------------------------------------


def _show(plan_id: UUID) -> Response:
    actor = current_actor()
    plan = get_plan(actor, plan_id)
    how_far = find_progress(plan)
    state = state_of(plan, how_far.failure)
    asked, reps = asked_of(plan), list_plan_reps(plan_id)
    people = names_of({plan.created_by, plan.published_by or plan.created_by})
    context: dict[str, Any] = {
        "plan": plan,
        "state": state.value,
        "state_name": STATE_NAMES[state],
        "tone": STATE_TONES.get(state, ""),
        "is_open": state in AT_WORK,
        "is_published": plan.published_at is not None,
        "how_far": how_far,
        "period": f"{day_text(asked.first_on)} – {day_text(asked.last_on)}",
        "reps": reps,
        "weekdays": [day_text(asked.first_on + timedelta(days=n), "EEE") for n in sorted(asked.weekdays)],
        "calendar": CALENDAR_NAMES[Calendar(plan.calendar)] if plan.calendar else "",
        "person": people[plan.created_by],
        "publisher": people[plan.published_by] if plan.published_by else "",
    }
    if plan.made_at is not None and state not in AT_WORK and state is not State.DISCARDED:
        context |= _made(plan, state, asked, reps)
    return page("beats/show.html", "beat_plan", **context)


def _made(plan: Any, state: State, asked: Any, reps: Any) -> dict[str, Any]:
    """What a draft says, or a plan that was published."""
    actor, ids = current_actor(), [rep.rep_id for rep in reps]
    loads = {rep.rep_id: read_days(rep.days) for rep in reps}
    missing = {rep.rep_id: read_missing(rep.missing) for rep in reps}
    changes = find_differences(plan, ids)
    wanted = parse_id(request.args.get("rep"))
    first = next((each for each in reps if missing[each.rep_id]), reps[0])
    rep = next((each for each in reps if each.rep_id == wanted), first)
    absent = list_absent_days(ids, asked.first_on, asked.last_on)
    today = today_in(rep.zone, datetime.now(UTC))
    about = around(asked, rep.zone, actor.language, absent.get(rep.rep_id, ()), today)
    of_rep = missing[rep.rep_id]
    change = changes.get(rep.rep_id)
    moved = [] if change is None else [new for _, new in change.moved]
    named: list[Any] = [*of_rep, *(() if change is None else (*change.added, *change.dropped)), *moved]
    return {
        "total": total_of(asked.first_on, [each for days in loads.values() for each in days]),
        "lines": [(each, total_of(asked.first_on, loads[each.rep_id]), len(missing[each.rep_id])) for each in reps],
        "missing_in_all": sum(map(len, missing.values())),
        "shortfalls": _shortfalls(reps),
        "changes": _together(list(changes.values())),
        "change": change,
        "rep": rep,
        "weeks": weeks_of(asked, loads[rep.rep_id], list_visits(plan.id, rep.rep_id), about),
        "missing": of_rep,
        "accounts": list_account_names([each.account_id for each in named]),
        "lacks": LACK_NAMES,
        "most": MOST_LINES,
        "is_outdated": state is State.READY and is_outdated(plan),
        "unannounced": unannounced(asked, [each.zone for each in reps]),
        "outcome": _outcome(reps) if state in (State.PUBLISHED, State.WITHDRAWN) else None,
        "day_name": day_name,
        "hours": hours_text,
        "clock": local_time_text,
    }


def _shortfalls(reps: Any) -> list[tuple[Any, str, list[str]]]:
    """(rep, how much is too much, what would help) for each rep with too little time."""
    found = [(rep, short) for rep in reps if (short := read_shortfall(rep.shortfall)) is not None]
    names = names_of({remedy.rep_id for _, short in found for remedy in short.remedies if remedy.rep_id})
    return [
        (rep, shortfall_text(short), [remedy_text(remedy, names) for remedy in short.remedies]) for rep, short in found
    ]


def _together(changes: list[Difference]) -> dict[str, int] | None:
    """How much changes for all reps; None where nothing was published before."""
    if not changes:
        return None
    return {
        "added": sum(len(each.added) for each in changes), "dropped": sum(len(each.dropped) for each in changes),
        "moved": sum(len(each.moved) for each in changes), "kept": sum(each.kept for each in changes),
    }  # fmt: skip


def _outcome(reps: Any) -> Outcome:
    total = Outcome()
    for rep in reps:
        total = total.plus(Outcome(**rep.outcome))
    return total
