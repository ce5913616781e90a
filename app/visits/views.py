"""The rep's day and the visit itself; the manager's pages are in board.py."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.navigation import directions_to
from app.accounts.queries import get_account, get_rhythms, list_overdue, list_places
from app.accounts.rules import dialled, wish_text
from app.identity.permissions import P
from app.infra.files import read
from app.infra.looks import Seen, saw
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError, StaleError
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.ids import new_id, parse_id
from app.visits.actions import (
    add_photo,
    add_reason,
    check_in,
    check_in_unplanned,
    check_out,
    dismiss_visit,
    plan_visit,
    save_report,
    take_up,
    withdraw_visit,
)
from app.visits.forms import CheckInForm, CheckInReasonForm, DismissalForm, PlanForm, ReportForm, UnplannedForm
from app.visits.photos import take_in
from app.visits.queries import (
    VisitLine,
    find_check_in,
    find_dismissal,
    find_present,
    find_report,
    find_withdrawal,
    get_line,
    get_own_visit,
    get_photo,
    get_visit,
    list_day,
    list_findings,
    list_missed,
    list_photos,
)
from app.visits.rules import (
    OUTCOMES,
    SENTENCES,
    STATE_NAMES,
    VERDICT_NAMES,
    Dismissal,
    Verdict,
    VisitState,
    needs_reason,
    visit_minutes,
)
from app.web.actor import current_actor, current_device
from app.web.arrival import arrival, captured_at
from app.web.conflict import stale
from app.web.errors import reason_text
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import goto, page, wants_fragment
from app.web.maps import mainland
from app.web.panels import shown_in
from app.web.ui import distance_text, duration_text
from app.web.versions import version_for

MOST_MISSED = 50  # a month without a word of explanation
FIRST_MISSED = 5  # on Today, which is opened all day long and must stay small

blueprint = Blueprint("visits", __name__)


@blueprint.get("/today")
@needs(P.VISITS_WRITE)
def today_index() -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    today = today_in(actor.zone, now)
    lines = list_day(actor, actor.person_id, today, now)
    following = next((each for each in lines if each.state is VisitState.PLANNED), None)
    return page(
        "visits/today.html",
        today=today,
        lines=lines,
        following=following,
        ways=_ways(following) if following else None,
        check_in_form=CheckInForm(),
        present=find_present(actor, now),
        panels=shown_in("today", actor, actor.person_id),
        missed=list_missed(actor, today, now, MOST_MISSED),
        shown=MOST_MISSED if request.args.get("missed") == "all" else FIRST_MISSED,
        overdue=list_overdue(actor, today, 5),
        names=STATE_NAMES,
    )


@blueprint.get("/visits/<uuid:visit_id>")
@needs(P.VISITS_READ)
def visit_show(visit_id: UUID) -> Response:
    try:
        return _show(visit_id)
    except NotFoundError:
        known = get_visit(current_actor(), visit_id).id  # by an id that this person's phone gave it
        return redirect(url_for("visits.visit_show", visit_id=known))


@blueprint.post("/visits/<uuid:visit_id>/check-in")
@needs(P.VISITS_WRITE)
def check_in_create(visit_id: UUID) -> Response:
    form, now = CheckInForm(request.form), captured_at()
    visit_id = take_up(current_actor(), visit_id, now).id
    if form.validate():
        try:
            check_in(current_actor(), visit_id, form.to_input(arrival(), current_device()), now)
        except InvalidError as error:
            form.refuse(error)
        else:
            return goto(url_for("visits.visit_show", visit_id=visit_id))
    return _show(visit_id, status=422, check_in_form=form)


@blueprint.get("/accounts/<uuid:account_id>/check-in")
@needs(P.VISITS_WRITE)
def unplanned_new(account_id: UUID) -> Response:
    places = list_places(current_actor(), account_id)
    form = UnplannedForm(visit_id=new_id(), place_id=places[0].id if places else None)
    return _unplanned(account_id, form)


@blueprint.post("/accounts/<uuid:account_id>/check-in")
@needs(P.VISITS_WRITE)
def unplanned_create(account_id: UUID) -> Response:
    form, now = UnplannedForm(request.form), captured_at()
    get_account(current_actor(), account_id)
    if form.validate():
        try:
            done = check_in_unplanned(
                current_actor(), form.visit_id.data or new_id(), account_id, form.place_id.data,
                form.to_input(arrival(), current_device()), now,
            )  # fmt: skip
        except InvalidError as error:
            form.refuse(error)
        else:
            return goto(url_for("visits.visit_show", visit_id=done.visit_id))
    return _unplanned(account_id, form, 422)


@blueprint.post("/visits/<uuid:visit_id>/reason")
@needs(P.VISITS_WRITE)
def reason_create(visit_id: UUID) -> Response:
    """Why one checked in there, where nobody could be asked then."""
    form, now = CheckInReasonForm(request.form), captured_at()
    visit_id = _own(visit_id)
    if form.validate():
        try:
            add_reason(current_actor(), visit_id, form.reason.data or "", now)
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("Noted."), "success")
            return goto(url_for("visits.visit_show", visit_id=visit_id))
    return _show(visit_id, status=422, reason_form=form)


@blueprint.post("/visits/<uuid:visit_id>/check-out")
@needs(P.VISITS_WRITE)
def check_out_create(visit_id: UUID) -> Response:
    form, now = ReportForm(request.form), captured_at()
    visit_id = _own(visit_id)
    if form.validate():
        try:
            version = version_for("visit_report", visit_id)
            check_out(current_actor(), visit_id, form.to_input(), now, version=version)
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The visit is finished."), "success")
            return goto(url_for("visits.visit_show", visit_id=visit_id))
    return _show(visit_id, status=422, report_form=form)


@blueprint.post("/visits/<uuid:visit_id>/report")
@needs(P.VISITS_WRITE)
def report_update(visit_id: UUID) -> Response:
    form, now, named = ReportForm(request.form), captured_at(), visit_id
    visit_id = _own(named)
    if form.validate():
        try:
            save_report(current_actor(), named, form.to_input(), version_for("visit_report", visit_id), now)
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            saved = ReportForm(obj=find_report(visit_id))
            return stale(form, saved, url_for("visits.visit_show", visit_id=visit_id))
        else:
            flash(_("The report is saved."), "success")
            return goto(url_for("visits.visit_show", visit_id=visit_id))
    return _show(visit_id, status=422, report_form=form)


@blueprint.post("/visits/<uuid:visit_id>/dismissal")
@needs(P.VISITS_WRITE)
def dismissal_create(visit_id: UUID) -> Response:
    actor, now = current_actor(), captured_at()
    visit_id = _own(visit_id)
    line = get_line(actor, visit_id, now)
    form = DismissalForm(request.form, past=line.state is VisitState.MISSED)
    if form.validate():
        try:
            dismiss_visit(
                actor, visit_id, Dismissal(form.kind.data), form.reason.data or "", form.postponed_to.data,
                form.new_id.data or new_id(), now,
            )  # fmt: skip
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("Noted."), "success")
            return goto(url_for("visits.today_index"))
    return _show(visit_id, status=422, dismissal_form=form)


@blueprint.post("/visits/<uuid:visit_id>/withdrawal")
@needs(P.VISITS_WRITE)
def withdrawal_create(visit_id: UUID) -> Response:
    withdraw_visit(current_actor(), visit_id, captured_at())
    flash(_("The visit is out of the plan."), "success")
    return goto(url_for("visits.today_index"))


@blueprint.post("/visits/<uuid:visit_id>/photos")
@needs(P.VISITS_WRITE)
def photo_create(visit_id: UUID) -> Response:
    actor, now = current_actor(), captured_at()
    visit_id, photo_id = (
        _own(visit_id),
        parse_id(request.form.get("once")) or new_id(),
    )  # one filled-in form is one photo
    upload = request.files.get("photo")
    content = upload.read() if upload else b""
    try:
        if not content:
            raise InvalidError("photo", N_("Choose a picture first."))
        zone = get_line(actor, visit_id, now).row.zone  # also where the customer is somebody else's by now
        add_photo(actor, visit_id, photo_id, take_in(content, request.form.get("photo_exif", ""), zone), now)
    except InvalidError as error:
        return _show(visit_id, status=422, photo_error=reason_text(error))
    # Also for htmx, which follows and takes the card alone: what is half written in the report stays.
    return redirect(url_for("visits.visit_show", visit_id=visit_id, _anchor="photos"), 303)


@blueprint.get("/visits/<uuid:visit_id>/photos/<uuid:photo_id>")
@needs(P.VISITS_READ)
def photo_show(visit_id: UUID, photo_id: UUID) -> Response:
    photo = get_photo(current_actor(), visit_id, photo_id)
    saw(current_actor(), {photo.person_id}, Seen.VISIT, datetime.now(UTC))
    try:
        response = make_response(read(photo.digest))
    except FileNotFoundError:  # a database that was brought back without its files
        raise NotFoundError from None
    response.headers["Content-Type"] = "image/jpeg"
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@blueprint.get("/accounts/<uuid:account_id>/visits/new")
@needs(P.VISITS_WRITE)
def plan_new(account_id: UUID) -> Response:
    places = list_places(current_actor(), account_id)
    tomorrow = today_in(current_actor().zone, datetime.now(UTC)) + timedelta(days=1)
    form = PlanForm(visit_id=new_id(), place_id=places[0].id if places else None, planned_on=tomorrow)
    return _plan(account_id, form)


@blueprint.post("/accounts/<uuid:account_id>/visits/new")
@needs(P.VISITS_WRITE)
def plan_create(account_id: UUID) -> Response:
    form, now = PlanForm(request.form), captured_at()
    get_account(current_actor(), account_id)
    if form.validate():
        try:
            visit = plan_visit(
                current_actor(), form.visit_id.data or new_id(), account_id, form.place_id.data,
                form.planned_on.data or now.date(), now,
                minutes=form.minutes.data or 30, purpose=form.purpose.data or "",
            )  # fmt: skip
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The visit is planned."), "success")
            return goto(url_for("visits.visit_show", visit_id=visit.id))
    return _plan(account_id, form, 422)


def _own(visit_id: UUID) -> UUID:
    """The id of the reader's own visit that a post is about. Where the plan has it no more, the post is told so."""
    actor = current_actor()
    try:
        return get_own_visit(actor, visit_id).id
    except NotFoundError:
        if find_withdrawal(visit_id, actor.person_id) is None:
            raise
        raise InvalidError("", N_("This visit was taken out of the plan.")) from None


def _show(
    visit_id: UUID,
    *,
    status: int = 200,
    check_in_form: CheckInForm | None = None,
    report_form: ReportForm | None = None,
    dismissal_form: DismissalForm | None = None,
    reason_form: CheckInReasonForm | None = None,
    photo_error: str = "",
) -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    line = get_line(actor, visit_id, now)
    begun, report, photos = find_check_in(visit_id), find_report(visit_id), list_photos(visit_id)
    if begun:
        saw(actor, {line.row.rep_id}, Seen.VISIT, now)
    beside, beside_photos = _told_beside(visit_id, begun, [photo.id for photo in photos])
    return page(
        "visits/show.html",
        "photos",
        status=status,
        line=line,
        visit=line.row,
        ways=_ways(line),
        mine=line.row.rep_id == actor.id and actor.may(P.VISITS_WRITE),
        arrival=begun,
        verdict=sentence(begun.verdict_reason, begun.verdict_params) if begun else "",
        beside=beside,
        beside_photos=beside_photos,
        reason_missing=begun is not None and not begun.reason and needs_reason(Verdict(begun.verdict)),
        reason_form=reason_form or CheckInReasonForm(),
        report=report,
        dismissal=find_dismissal(visit_id),
        withdrawal=None if line.row.planned else find_withdrawal(visit_id, line.row.rep_id),
        photos=photos,
        check_in_form=check_in_form or CheckInForm(),
        report_form_=report_form or ReportForm(obj=report),
        dismissal_form=dismissal_form
        or DismissalForm(
            past=line.state is VisitState.MISSED,
            new_id=new_id(),
            postponed_to=max(line.row.planned_on, today_in(line.row.zone, now)) + timedelta(days=1),
        ),
        photo_error=photo_error,
        photo_kept=wants_fragment() and not photo_error,
        names=STATE_NAMES,
        verdicts=VERDICT_NAMES,
        outcomes=OUTCOMES,
        placeless=line.row.lat is None,
        ended=_end_of(line),
        reviews=shown_in("verdict", actor, visit_id) if begun else (),
        tasks=shown_in("visit_task", actor, visit_id) if begun else [],
        panels=shown_in("visit", actor, visit_id),
    )


def _ways(line: VisitLine) -> dict[str, str | None]:
    """The number to dial and the address that starts navigation to the place, '' or None where not known."""
    row, device = line.row, request.headers.get("User-Agent", "")
    position = Position(row.lat, row.lon) if row.lat is not None else None
    return {
        "call": dialled(row.phone),
        "navigate": directions_to(position, row.name, mainland(), device).suggested if position else None,
    }


def _told_beside(visit_id: UUID, begun: Any, photos: list[UUID]) -> tuple[list[str], list[str]]:
    """What is said beside the verdict, and what of the photos."""
    if begun is None:
        return [], []
    of_visit = [sentence("explained", {"words": begun.reason})] if begun.reason else []
    of_photos = []
    for row in list_findings(visit_id):
        if row.subject_id in photos:
            of_photos.append(sentence(row.reason, {**row.params, "number": photos.index(row.subject_id) + 1}))
        else:
            of_visit.append(sentence(row.reason, row.params))
    return of_visit, of_photos


def sentence(reason: str, params: Mapping[str, Any]) -> str:
    """A reason (a key of rules.SENTENCES) in the reader's words."""
    words = dict(params)
    if "distance" in words:
        words["distance"] = distance_text(words["distance"])
    if "duration" in words:
        words["duration"] = duration_text(words["duration"])
    return translated(SENTENCES[reason]) % words


def _end_of(line: VisitLine) -> int | None:
    """Minutes that the visit took, None while it lasts."""
    begun, ended = line.row.check_in_at, line.row.check_out_at
    return visit_minutes(begun, ended) if begun and ended else None


def _unplanned(account_id: UUID, form: UnplannedForm, status: int = 200) -> Response:
    actor = current_actor()
    places = list_places(actor, account_id)
    form.place_id.choices = [(place.id, place.label or place.address or _("Main place")) for place in places]
    return page(
        "visits/check_in.html",
        status=status,
        form=form,
        account=get_account(actor, account_id),
        places=places,
        placeless=all(place.lat is None for place in places),
    )


def _plan(account_id: UUID, form: PlanForm, status: int = 200) -> Response:
    actor = current_actor()
    places = list_places(actor, account_id)
    form.place_id.choices = [(place.id, place.label or place.address or _("Main place")) for place in places]
    account = get_account(actor, account_id)
    wish = wish_text(account.visit_wish or get_rhythms()[account.rating].wish, actor.language)
    return page("visits/plan.html", status=status, form=form, account=account, places=places, wish=wish)
