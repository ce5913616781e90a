"""Visits on a phone without signal: what is carried, and the screens of visits that the phone began itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from flask import Blueprint, Response, request

from app.accounts.navigation import directions_to
from app.accounts.rules import RATINGS, dialled
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position
from app.sync.ports import SLOT_ACCOUNT, Carried, Rows, Screen, Subjects
from app.visits.forms import CheckInForm, PlanForm, ReportForm, UnplannedForm
from app.visits.queries import VisitLine, count_days, find_present, list_day, list_missed
from app.visits.rules import STATE_NAMES, TONES, VisitState
from app.web.actor import current_actor
from app.web.guard import needs
from app.web.htmx import page
from app.web.maps import mainland
from app.web.panels import shown_in

blueprint = Blueprint("visits_offline", __name__, url_prefix="/offline")

MOST_MISSED = 10
WEEK = 7  # days, from today
STATES = {"planned": VisitState.PLANNED, "here": VisitState.CHECKED_IN, "over": VisitState.DONE}


@blueprint.get("/visits/<state>")
@needs(P.VISITS_WRITE)
def visit_show(state: str) -> Response:
    if state not in STATES:
        raise NotFoundError
    rating = request.args.get("rating", "")
    return page(
        "visits/kept.html",
        state=state,
        tasks=shown_in("kept_visit", current_actor(), rating) if rating in RATINGS else [],
        title=STATE_NAMES[STATES[state]],
        tone=TONES[STATES[state]],
        check_in_form=CheckInForm(),
        report_form_=ReportForm(),
    )


@blueprint.get("/check-in")
@needs(P.VISITS_WRITE)
def check_in_show() -> Response:
    return page(
        "visits/check_in.html", form=UnplannedForm(), account=SLOT_ACCOUNT, places=[_PLACE], placeless=False
    )  # fmt: skip


@blueprint.get("/visits/new")
@needs(P.VISITS_WRITE)
def plan_show() -> Response:
    return page("visits/plan.html", form=PlanForm(), account=SLOT_ACCOUNT, places=[_PLACE])


_PLACE = SimpleNamespace(id="", address="⟦address⟧")  # without an id it is the account's main place


def _lines(actor: Actor, now: datetime) -> list[VisitLine]:
    """The visits that the day is about: where the rep is, today's, tomorrow's, and what is not explained yet."""
    today = today_in(actor.zone, now)
    present = find_present(actor, now)
    found = [present] if present else []
    for day in (today, today + timedelta(days=1)):
        found += list_day(actor, actor.person_id, day, now)
    return found + list_missed(actor, today, now, MOST_MISSED)


def _subjects(actor: Actor, now: datetime) -> Iterable[UUID]:
    return [line.row.account_id for line in _lines(actor, now)]


def _addresses(actor: Actor, now: datetime, _accounts: Subjects) -> Iterable[str]:
    return [
        "/today",
        "/today?missed=all",
        *(f"/visits/{line.row.id}" for line in _lines(actor, now)),
    ]


def _week(actor: Actor, now: datetime) -> list[VisitLine]:
    """What is planned for the days after tomorrow, which the plan shows: their pages are not carried whole."""
    today = today_in(actor.zone, now)
    days = count_days(actor, today + timedelta(days=2), today + timedelta(days=WEEK - 1))
    return [line for day in sorted(days) for line in list_day(actor, actor.person_id, day, now)]


def _rows(actor: Actor, now: datetime, _accounts: Subjects) -> Rows:
    ahead = {line.row.id: {**slots_of(line), "ahead": "yes"} for line in _week(actor, now)}
    return ahead | {line.row.id: slots_of(line) for line in _lines(actor, now)}


def slots_of(line: VisitLine) -> dict[str, str]:
    """What a phone knows of a visit."""
    row = line.row
    position = Position(row.lat, row.lon) if row.lat is not None else None
    device = request.headers.get("User-Agent", "")
    return {
        "account": str(row.account_id),
        "name": row.name,
        "address": row.address,
        "phone": dialled(row.phone) or "",
        "rating": row.rating,
        "navigate": (directions_to(position, row.name, mainland(), device).suggested or "") if position else "",
    }


def _begun(actor: Actor) -> Iterable[Screen]:
    """The screens of visits that have begun, the later state first. Where a class of accounts has tasks of its own, so
    it has screens."""
    own = [rating for rating in RATINGS if shown_in("kept_visit", actor, rating)]
    for state, after in (("over", "/check-out"), ("here", "/check-in")):
        for rating in own:
            yield Screen("/visits/*", f"/offline/visits/{state}?rating={rating}", after, ("rating", rating))
        yield Screen("/visits/*", f"/offline/visits/{state}", after)


def _screens(actor: Actor, _now: datetime, _accounts: Subjects) -> Iterable[Screen]:
    return (
        *_begun(actor),
        Screen("/visits/*", "/offline/visits/planned", after="/visits/new"),
        Screen("/visits/*", "/offline/visits/planned", after="/plan/visits"),
        Screen("/visits/*", "/offline/visits/planned", where=("ahead", "yes")),
        Screen("/accounts/*/check-in", "/offline/check-in"),
        Screen("/accounts/*/visits/new", "/offline/visits/new"),
    )


CARRIED = Carried(P.VISITS_WRITE, _subjects, _addresses, _rows, _screens)
