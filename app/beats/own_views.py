"""What a rep sees of week plans, and who is absent when."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.beats.actions import enter_absence, take_back_absence
from app.beats.calendars import calendar_of, special_days
from app.beats.forms import AbsenceForm
from app.beats.queries import (
    find_own_plan,
    list_absences,
    list_absent_days,
    list_account_names,
    list_own_visits,
    may_enter_for,
)
from app.beats.rules import WEEKDAYS
from app.beats.sheets import Around, day_name
from app.identity.permissions import P
from app.identity.queries import list_colleagues
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.ids import new_id
from app.visits.forms import day_of
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.locale import day_text

blueprint = Blueprint("own_beats", __name__)

WEEKS = 8  # to look at, this one first
MOST_CHANGES = 100


# --- My weeks --------------------------------------------------------------------------------------------------------


@blueprint.get("/plan/weeks")
@needs(P.PLANNING_USE)
def week_show() -> Response:
    """One's own visits of a week, day by day, and what the last published plan changed."""
    actor, now = current_actor(), datetime.now(UTC)
    today = today_in(actor.zone, now)
    this_monday = today - timedelta(days=today.weekday())
    monday = _monday(request.args.get("week"), this_monday)
    sunday = monday + timedelta(days=6)
    visits: dict[date, list[object]] = {}
    for row in list_own_visits(actor, monday, sunday):
        visits.setdefault(row.planned_on, []).append(row)
    special = {each.day: each for each in special_days(calendar_of(actor.zone), monday, sunday, actor.language)}
    absent = list_absent_days([actor.person_id], monday, sunday).get(actor.person_id, ())
    about = Around(WEEKDAYS, special, absent, today)
    week = [monday + timedelta(days=n) for n in range(7)]
    plan = find_own_plan(actor, monday, sunday)
    changes = plan.changes if plan else None
    changed = [] if changes is None else [*changes.added, *changes.dropped, *(new for _old, new in changes.moved)]
    return page(
        "beats/weeks.html",
        weeks=[_chip(this_monday + timedelta(weeks=n), monday) for n in range(WEEKS)],
        days=[
            (day, visits.get(day, []), about.remarks(day))
            for day in week
            if day.weekday() in WEEKDAYS or day in visits or about.remarks(day)
        ],
        period=f"{day_text(monday)} – {day_text(sunday)}",
        today=today,
        plan=plan,
        changes=changes,
        accounts=list_account_names([each.account_id for each in changed]),
        day_name=day_name,
        most=MOST_CHANGES,
    )


def _monday(text: str | None, default: date) -> date:
    """The Monday of the week that an address asks for; this week's for nonsense, and for what no plan reaches."""
    day = day_of(text, default)
    day -= timedelta(days=day.weekday())
    return day if abs(day - default) <= timedelta(weeks=60) else default


def _chip(monday: date, chosen: date) -> tuple[str, str, bool]:
    return (
        day_text(monday, "d MMM" if current_actor().language == "en" else "M月d日"),
        f"?week={monday}",
        monday == chosen,
    )


# --- Absences --------------------------------------------------------------------------------------------------------


@blueprint.get("/absences")
@needs(P.PLANNING_USE)
def absence_index() -> Response:
    return _absences(AbsenceForm(absence_id=new_id(), person_id=current_actor().person_id))


@blueprint.post("/absences")
@needs(P.PLANNING_USE)
def absence_create() -> Response:
    actor, form = current_actor(), AbsenceForm(request.form)
    form.offer(_people())
    if form.person_id.data and not may_enter_for(actor, form.person_id.data):
        raise NotFoundError
    if form.validate():
        try:
            enter_absence(actor, form.absence_id.data or new_id(), *form.to_input(), captured_at())
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("Entered. Plans that are made from now on go round it."), "success")
            return goto(url_for("own_beats.absence_index"))
    return _absences(form, 422)


@blueprint.post("/absences/<uuid:absence_id>/withdrawal")
@needs(P.PLANNING_USE)
def absence_delete(absence_id: UUID) -> Response:
    take_back_absence(current_actor(), absence_id, captured_at())
    flash(_("The absence is taken back."), "success")
    return goto(url_for("own_beats.absence_index"))


def _people() -> list[tuple[UUID, str]]:
    """For whom the actor may enter absences: for themselves first."""
    actor = current_actor()
    others = list_colleagues(actor) if actor.may(P.BEATS_MANAGE) else ()
    return [(actor.person_id, actor.name), *((row.id, row.name) for row in others if row.id != actor.id)]


def _absences(form: AbsenceForm, status: int = 200) -> Response:
    actor = current_actor()
    today = today_in(actor.zone, datetime.now(UTC))
    people = _people()
    return page(
        "beats/absences.html",
        status=status,
        form=form.offer(people),
        rows=list_absences(actor, today - timedelta(days=7)),
        today=today,
        is_team=len(people) > 1,
    )
