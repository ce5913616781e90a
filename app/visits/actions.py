"""What a rep does with visits. An action called again with the same ids changes nothing."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from app.accounts.actions import note_visit, set_position
from app.accounts.models import Place
from app.accounts.queries import get_account, get_main_place, get_place, is_archived
from app.chain.actions import link
from app.chain.rules import new_salt
from app.identity.permissions import P
from app.infra.arrival import heard_at
from app.infra.db import AnyRow, db
from app.infra.journal import record
from app.kernel.access import SYSTEM, Actor, must
from app.kernel.capture import is_possible
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.visits.events import (
    CheckedIn,
    CheckedOut,
    DayArranged,
    PhotoAdded,
    ReasonGiven,
    VisitDismissed,
    VisitPlanned,
    VisitReported,
    VisitWithdrawn,
)
from app.visits.evidence import findings_on, keep, other_places, told_of_photo
from app.visits.facts import (
    Kind,
    of_check_in,
    of_check_out,
    of_dismissal,
    of_explanation,
    of_photo,
    of_report,
    without_position,
)
from app.visits.models import CheckIn, CheckOut, Dismissal, Photo, Report, Visit, VisitAlias
from app.visits.photos import Picture
from app.visits.points import locate, tell_outcome
from app.visits.queries import (
    find_check_in,
    find_check_out,
    find_dismissal,
    find_made,
    find_planned_visit,
    find_report,
    find_visit_under_way,
    find_withdrawal,
    get_own_visit,
    is_latest,
    list_forgotten,
    next_check_in_at,
)
from app.visits.rules import (
    OUTCOMES,
    USUAL_MINUTES,
    Fix,
    Verdict,
    estimated_check_out,
    forgotten,
    judge,
    needs_reason,
    question,
    weigh,
)
from app.visits.rules import Dismissal as DismissalKind

FURTHEST_PLAN = timedelta(days=366)
MOST_PHOTOS = 20
ARCHIVED = N_("This customer is archived. Bring it back first.")


@dataclass(frozen=True)
class CheckInInput:
    """What the phone sends: the raw fix or why there is none, the rep's reason, and when it was tapped (both times by
    the phone's clock, corrected).

    `adopt`: the rep agreed that this position becomes the place's. `unasked`: nobody is there who could still give a
    reason. `clock_doubtful`: the phone told a time that cannot be. `waited_ms`: how long the phone looked for the fix.
    `device_id`: of the sign-in that it came by.
    """

    fix: Fix | None
    position_error: str = ""
    reason: str = ""
    tapped_at: datetime | None = None
    adopt: bool = False
    unasked: bool = False
    clock_doubtful: bool = False
    waited_ms: int | None = None
    device_id: UUID | None = None


@dataclass(frozen=True)
class ReportInput:
    """What came of the visit; `outcome` is a key of rules.OUTCOMES or ''."""

    outcome: str = ""
    text: str = ""
    next_visit_on: date | None = None


def plan_visit(
    actor: Actor,
    visit_id: UUID,
    account_id: UUID,
    place_id: UUID | None,
    day: date,
    now: datetime,
    *,
    minutes: int = USUAL_MINUTES,
    purpose: str = "",
) -> Visit:
    """Plan to go to the place (None: the main one) on that day. Planned already: that visit is returned, nothing is
    doubled, and `visit_id` finds it from now on.

    InvalidError for a day too early or too late, and for an archived customer.
    """
    must(actor, P.VISITS_WRITE)
    place = _place_of(actor, account_id, place_id)
    known = find_made(actor, visit_id)
    if known is None and (planned := find_planned_visit(actor.person_id, account_id, day)):
        known = also_called(actor, db.session.get_one(Visit, planned), visit_id)
    if known is not None:
        return _own(actor, known)
    if is_archived(get_account(actor, account_id), now):
        raise InvalidError("", ARCHIVED)
    today = today_in(place.zone, now)
    if not today <= day <= today + FURTHEST_PLAN:
        raise InvalidError("planned_on", N_("Choose a day from today on, at most a year ahead."))
    visit = _make(actor, visit_id, place, day, now, planned=True, minutes=minutes, purpose=purpose)
    record(actor, VisitPlanned(visit.id, account_id=account_id, planned_on=day), now)
    return visit


def arrange_day(actor: Actor, day: date, stops: Sequence[tuple[UUID, datetime | None]], now: datetime) -> None:
    """Put the actor's visits of the day into this order, with the expected beginnings (None: not known).

    NotFoundError where one is not the actor's or not of that day; visits that are not named keep no place in the order.
    """
    must(actor, P.VISITS_WRITE)
    visits = {
        v.id: v for v in db.session.scalars(select(Visit).where(Visit.rep_id == actor.id, Visit.planned_on == day))
    }
    if not {visit_id for visit_id, _ in stops} <= visits.keys():
        raise NotFoundError
    for visit in visits.values():
        visit.sequence = visit.planned_at = None
    for sequence, (visit_id, planned_at) in enumerate(stops):
        visits[visit_id].sequence, visits[visit_id].planned_at = sequence, planned_at
    record(actor, DayArranged(actor.person_id, day, ",".join(str(visit_id) for visit_id, _ in stops)), now)
    db.session.flush()


def withdraw_visit(actor: Actor, visit_id: UUID, now: datetime) -> None:
    """Take a visit out of the plan of today or later; out of it already: nothing is done. What has facts stays: it can
    be postponed or skipped. A phone that did not know of it may still check in (`take_up`)."""
    must(actor, P.VISITS_WRITE)
    if find_made(actor, visit_id) is None and find_withdrawal(visit_id, actor.person_id) is not None:
        return
    visit = get_own_visit(actor, visit_id)
    place = db.session.get_one(Place, visit.place_id)
    meant = db.session.scalar(select(Dismissal.visit_id).where(Dismissal.postponed_to == visit.id).limit(1))
    has_facts = find_check_in(visit.id) or find_dismissal(visit.id) or meant
    if has_facts or visit.planned_on < today_in(place.zone, now):
        raise InvalidError("", N_("This visit can no longer be taken out of the plan."))
    names = db.session.scalars(select(VisitAlias.id).where(VisitAlias.visit_id == visit.id))
    for name in (visit.id, *names):
        told = VisitWithdrawn(
            name, account_id=visit.account_id, planned_on=visit.planned_on, place_id=place.id, rep_id=visit.rep_id
        )
        record(actor, told, now)
    db.session.execute(delete(VisitAlias).where(VisitAlias.visit_id == visit.id))
    db.session.execute(delete(Visit).where(Visit.id == visit.id))
    db.session.flush()


def take_up(actor: Actor, visit_id: UUID, now: datetime) -> Visit:
    """The actor's visit to check in to, by any of its ids.

    Out of the plan since (on another phone): whoever stands there all the same is there. Then it is an unplanned visit
    to the same place under the same id, or the one of that day that is meant; the journal still tells of the
    withdrawal.
    """
    must(actor, P.VISITS_WRITE)
    withdrawn = None if find_made(actor, visit_id) else find_withdrawal(visit_id, actor.person_id)
    if withdrawn is None:
        return get_own_visit(actor, visit_id)
    known = parse_id(withdrawn.facts.get("place_id"))  # earlier versions did not tell it
    place = db.session.get(Place, known) if known else None
    place = place or _place_of(actor, UUID(withdrawn.facts["account_id"]), None)
    return _unplanned(actor, visit_id, place, now, now)


def check_in(actor: Actor, visit_id: UUID, given: CheckInInput, now: datetime) -> CheckIn:
    """Check in to a planned visit. InvalidError at `reason` where the verdict asks for one and there is none, unless
    nobody can be asked (`given.unasked`): it can be said afterwards."""
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    done = find_check_in(visit.id)
    return done or _check_in(actor, visit, given, now)


def check_in_unplanned(
    actor: Actor, visit_id: UUID, account_id: UUID, place_id: UUID | None, given: CheckInInput, now: datetime
) -> CheckIn:
    """Check in where no visit was planned; `visit_id` comes from the form, so that a double tap makes one visit.

    A visit of that day that is planned there, or had begun and is not over, is the one that is meant, and `visit_id`
    finds it from now on. `place_id` None: the account's main place.
    """
    must(actor, P.VISITS_WRITE)
    place = _place_of(actor, account_id, place_id)
    visit = find_made(actor, visit_id)
    if visit is None:
        is_open = not is_archived(get_account(actor, account_id), now)
        visit = _unplanned(actor, visit_id, place, _tapped(given, now), now, is_open=is_open)
    elif visit.account_id != account_id:
        raise NotFoundError
    return check_in(actor, visit.id, given, now)


def also_called(actor: Actor, visit: Visit, visit_id: UUID) -> Visit:
    """Let the actor's phone find this visit by the id that the phone gave it, for ever."""
    if visit_id != visit.id:
        known = db.session.get(VisitAlias, visit_id)
        if known is None:
            db.session.add(VisitAlias(id=visit_id, visit_id=visit.id, rep_id=actor.person_id))
            db.session.flush()
        elif (known.visit_id, known.rep_id) != (visit.id, actor.id):
            raise NotFoundError
    return visit


def add_reason(actor: Actor, visit_id: UUID, reason: str, now: datetime) -> CheckIn:
    """Say why one checked in there, where nobody could be asked then: once."""
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    arrival = find_check_in(visit.id)
    if arrival is None:
        raise InvalidError("", N_("Check in first."))
    if arrival.reason == reason:
        return arrival
    if arrival.reason or not needs_reason(Verdict(arrival.verdict)):
        raise InvalidError("reason", N_("There is a reason already, or none is needed."))
    arrival.reason = reason
    record(actor, ReasonGiven(visit.id, reason=reason), now)
    link(visit.rep_id, Kind.EXPLAINED, visit.id, of_explanation(arrival), now)
    return arrival


def check_out(
    actor: Actor, visit_id: UUID, given: ReportInput, now: datetime, *, version: int | None = None
) -> CheckOut:
    """End the visit and say what came of it. It is never refused: what was said meanwhile, by another page or phone
    than one that knew `version`, stays beside it.

    What the house had assumed as its end gives way to the rep's own check-out, if that was made before the visit was
    forgotten and only arrived late. Who checks out the next day, or from the next customer, only reports.
    """
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    arrival = find_check_in(visit.id)
    if arrival is None:
        raise InvalidError("", N_("Check in first."))
    known, report = find_check_out(visit.id), find_report(visit.id)
    is_over, said = known is not None and not known.estimated, given.text
    if report is not None and (is_over or version not in (None, report.version)):
        given = _beside(report, given)
    if known is not None and is_over:
        if said:
            _write_report(actor, visit, arrival, given, now)
        return known
    _write_report(actor, visit, arrival, given, now)
    if known is None:
        known = CheckOut(visit_id=visit.id)
        db.session.add(known)
    else:
        following = next_check_in_at(arrival)
        if forgotten(arrival.at, now, actor.zone, following if following and following <= now else None):
            return known
    known.at, known.received_at = max(now, arrival.at), heard_at(now)
    known.person_id, known.estimated = actor.person_id, False
    record(actor, CheckedOut(visit.id, estimated=False, ended_at=known.at), now)
    link(visit.rep_id, Kind.CHECKED_OUT, visit.id, of_check_out(known), now)
    return known


def save_report(actor: Actor, visit_id: UUID, given: ReportInput, version: int | None, now: datetime) -> Report:
    """Write or correct what came of a visit (StaleError where somebody was faster, unless with the same words).

    Where two visits on the rep's phone are this one here, neither report knew of the other: both stay.
    """
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    arrival, report = find_check_in(visit.id), find_report(visit.id)
    if arrival is None:
        raise InvalidError("", N_("Check in first."))
    if report and visit.id != visit_id and version not in (None, report.version):
        given = _beside(report, given)
    elif not (report and _says(report, given)):
        must_match(version, report.version if report else 0)
    return _write_report(actor, visit, arrival, given, now)


def dismiss_visit(
    actor: Actor,
    visit_id: UUID,
    kind: DismissalKind,
    reason: str,
    postponed_to: date | None,
    new_id: UUID,
    now: datetime,
) -> Dismissal:
    """Say why a planned visit does not (or did not) take place; postponing plans it anew as `new_id`."""
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    known = find_dismissal(visit.id)
    if known is not None:
        return known
    arrival = find_check_in(visit.id)
    if arrival is not None and arrival.at <= now:  # one that came after, and arrived before, outweighs it anyway
        raise InvalidError("", N_("You were there already."))
    if not reason:
        raise InvalidError("reason", N_("Please give a reason."))
    later = None
    if kind is DismissalKind.POSTPONED:
        if postponed_to is None or postponed_to <= visit.planned_on:
            raise InvalidError("postponed_to", N_("Choose a later day."))
        try:
            planned = plan_visit(
                actor, new_id, visit.account_id, visit.place_id, postponed_to, now,
                minutes=visit.minutes, purpose=visit.purpose,
            )  # fmt: skip
        except InvalidError as error:
            raise InvalidError("postponed_to", error.reason, error.params) from None
        if planned.id == visit.id or planned.account_id != visit.account_id:
            raise NotFoundError  # the id of another visit
        later = planned.id
    dismissal = Dismissal(
        visit_id=visit.id, kind=kind.value, reason=reason, at=now, person_id=actor.person_id, postponed_to=later
    )
    db.session.add(dismissal)
    db.session.flush()
    record(actor, VisitDismissed(visit.id, kind=kind.value, reason=reason), now)
    link(visit.rep_id, Kind.DISMISSED, visit.id, of_dismissal(dismissal), now)
    return dismissal


def add_photo(actor: Actor, visit_id: UUID, photo_id: UUID, picture: Picture, now: datetime) -> Photo:
    """Keep a photo with the visit, and say where another visit has the same."""
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    known = db.session.get(Photo, photo_id)
    if known is not None:
        if known.visit_id != visit.id:
            raise NotFoundError
        return known
    if find_check_in(visit.id) is None:
        raise InvalidError("photo", N_("Check in first."))
    if len(db.session.scalars(select(Photo.id).where(Photo.visit_id == visit.id)).all()) >= MOST_PHOTOS:
        raise InvalidError("photo", N_("A visit holds at most %(number)s photos."), {"number": MOST_PHOTOS})
    photo = Photo(id=photo_id, visit_id=visit.id, person_id=actor.person_id, at=now, **vars(picture))
    photo.salt = new_salt()
    photo.place_salt = new_salt() if picture.exif != without_position(picture.exif) else None
    db.session.add(photo)
    db.session.flush()
    record(actor, PhotoAdded(visit.id, photo_id=photo_id), now)
    link(visit.rep_id, Kind.PHOTO, photo.id, of_photo(photo), now)
    keep(visit, told_of_photo(photo), photo.id, now)
    return photo


def close_forgotten(now: datetime, among: Collection[UUID] | None = None) -> int:
    """Close every check-in (of these visits, where they are named) that was left open by mistake, at its estimated
    end. Returns how many."""
    return _close(list_forgotten(now, among=among), now)


def _check_in(actor: Actor, visit: Visit, given: CheckInInput, now: datetime) -> CheckIn:
    place = db.session.get_one(Place, visit.place_id)
    tapped = _tapped(given, now)
    judgement = judge(
        given.fix,
        Position(place.lat, place.lon) if place.lat is not None and place.lon is not None else None,
        checked_in_at=given.tapped_at or (given.fix.taken_at if given.fix else now),
        place_is_approximate=place.certainty == "approximate",
        radius_m=place.radius,
        position_error=given.position_error,
        others=other_places(visit),
    )
    if needs_reason(judgement.verdict) and not given.reason and not given.unasked:
        raise InvalidError("reason", *question(judgement))
    found = findings_on(visit.rep_id, given.device_id, given.fix, tapped, now)
    judgement, beside = weigh(judgement, found, heard_at(now) - tapped, clock_doubtful=given.clock_doubtful)
    arrival = CheckIn(
        visit_id=visit.id,
        at=tapped,
        received_at=heard_at(now),
        clock_doubtful=given.clock_doubtful,
        person_id=actor.person_id,
        lat=given.fix.position.lat if given.fix else None,
        lon=given.fix.position.lon if given.fix else None,
        accuracy=given.fix.accuracy_m if given.fix else None,
        speed=given.fix.speed_mps if given.fix else None,
        altitude=given.fix.altitude_m if given.fix else None,
        fix_at=given.fix.taken_at if given.fix else None,
        fix_told_at=(given.fix.told_at or given.fix.taken_at) if given.fix else None,
        fix_count=given.fix.fix_count if given.fix else None,
        waited=given.waited_ms,
        salt=new_salt() if given.fix else None,
        device_id=given.device_id,
        position_error=given.position_error,
        distance=judgement.distance_m,
        verdict=judgement.verdict.value,
        verdict_reason=judgement.reason,
        verdict_params=dict(judgement.params),
        reason=given.reason,
    )
    db.session.add(arrival)
    db.session.flush()
    link(visit.rep_id, Kind.CHECKED_IN, visit.id, of_check_in(arrival, visit), now)
    if given.reason:
        link(visit.rep_id, Kind.EXPLAINED, visit.id, of_explanation(arrival), now)
    keep(visit, beside, visit.id, now)
    _close(list_forgotten(now, actor.person_id), now)
    if given.adopt and given.fix and place.certainty != "exact":
        with suppress(NotFoundError):  # since then the customer was given to somebody else
            set_position(actor, place.id, given.fix.position, "exact", now)
    locate([visit.id])
    if is_latest(visit.account_id, tapped):
        note_visit(visit.account_id, today_in(place.zone, tapped), None)
    record(
        actor,
        CheckedIn(visit.id, account_id=visit.account_id, verdict=arrival.verdict, distance=arrival.distance),
        now,
    )
    return arrival


def _close(left_open: Collection[AnyRow], now: datetime) -> int:
    """Close these check-ins. What came next is told by when it happened, not by when it arrived. Returns how many."""
    for row in left_open:
        end = estimated_check_out(row.at, row.minutes, row.next_at or now)
        closed = CheckOut(visit_id=row.visit_id, at=end, received_at=heard_at(now), estimated=True)
        db.session.add(closed)
        record(SYSTEM, CheckedOut(row.visit_id, estimated=True, ended_at=end), now)
        link(row.person_id, Kind.CHECKED_OUT, row.visit_id, of_check_out(closed), now)
    return len(left_open)


def _says(report: Report, given: ReportInput) -> bool:
    return (report.outcome, report.text, report.next_visit_on) == (given.outcome, given.text, given.next_visit_on)


def _beside(report: Report, given: ReportInput) -> ReportInput:
    """What is written below what the report says already; its own outcome and next visit count where they are said."""
    texts = [text for text in (report.text, given.text) if text]
    text = given.text if report.text in given.text else report.text if given.text in report.text else "\n".join(texts)
    return ReportInput(given.outcome or report.outcome, text, given.next_visit_on or report.next_visit_on)


def _write_report(actor: Actor, visit: Visit, arrival: CheckIn, given: ReportInput, now: datetime) -> Report:
    report = find_report(visit.id)
    if report is not None and _says(report, given):
        return report
    if given.outcome and given.outcome not in OUTCOMES:
        raise InvalidError("outcome", N_("Not a valid choice."))
    place = db.session.get_one(Place, visit.place_id)
    today, following = today_in(place.zone, now), given.next_visit_on
    if following is not None and following <= today - timedelta(days=1):
        raise InvalidError("next_visit_on", N_("The next visit cannot be in the past."))
    if following is not None and following > today + FURTHEST_PLAN:
        raise InvalidError("next_visit_on", N_("Choose a day from today on, at most a year ahead."))
    if report is None:
        report = Report(visit_id=visit.id, at=now, person_id=actor.person_id, version=0)
        db.session.add(report)
    report.outcome, report.text, report.next_visit_on = given.outcome, given.text, given.next_visit_on
    report.version += 1
    db.session.flush()
    tell_outcome(visit.id, given.outcome)
    if is_latest(visit.account_id, arrival.at):
        note_visit(visit.account_id, None, given.next_visit_on)
    record(actor, VisitReported(visit.id, outcome=given.outcome), now)
    link(visit.rep_id, Kind.REPORTED, visit.id, of_report(report), now)
    return report


def _tapped(given: CheckInInput, now: datetime) -> datetime:
    """The phone's time of the tap where it can be true: not in the future, not older than an outbox keeps a post."""
    tapped = given.tapped_at
    return tapped.astimezone(UTC) if tapped is not None and is_possible(tapped, now, heard_at(now)) else now


def _place_of(actor: Actor, account_id: UUID, place_id: UUID | None) -> Place:
    if place_id is None:
        return get_main_place(actor, account_id)
    place = get_place(actor, place_id)
    if place.account_id != account_id:
        raise NotFoundError
    return place


def _own(actor: Actor, visit: Visit) -> Visit:
    if visit.rep_id != actor.id:
        raise NotFoundError
    return visit


def _unplanned(
    actor: Actor, visit_id: UUID, place: Place, at: datetime, now: datetime, *, is_open: bool = True
) -> Visit:
    """The visit that a check-in of that moment begins: one that is planned there that day or under way, else a new
    one, which only an account that `is_open` may get."""
    day = today_in(place.zone, at)
    meant = find_visit_under_way(actor.person_id, place.account_id, day, at)
    meant = meant or find_planned_visit(actor.person_id, place.account_id, day)
    if meant is not None:
        return also_called(actor, db.session.get_one(Visit, meant), visit_id)
    if not is_open:
        raise InvalidError("", ARCHIVED)
    return _make(actor, visit_id, place, day, now, planned=False)


def _make(
    actor: Actor,
    visit_id: UUID,
    place: Place,
    day: date,
    now: datetime,
    *,
    planned: bool,
    minutes: int = USUAL_MINUTES,
    purpose: str = "",
) -> Visit:
    if not 1 <= minutes <= 720:
        raise InvalidError("minutes", N_("A visit lasts between 1 and %(most)s minutes."), {"most": 720})
    visit = Visit(
        id=visit_id,
        account_id=place.account_id,
        place_id=place.id,
        rep_id=actor.person_id,
        planned_on=day,
        planned=planned,
        minutes=minutes,
        purpose=purpose,
        created_at=now,
        created_by=actor.person_id,
    )
    db.session.add(visit)
    db.session.flush()
    return visit
