"""The manager's pages: today's visits on a map and as a list, and one rep's day as a time line."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from flask_babel import gettext as _

from app.identity.permissions import P
from app.infra.looks import Seen, saw
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.visits.forms import day_of
from app.visits.queries import VisitLine, get_rep, list_day, list_team_day
from app.visits.rules import STATE_NAMES, VERDICT_NAMES, Verdict, VisitState
from app.visits.track import GAP_NAMES, Stop, joined, legs_of
from app.web.actor import current_actor
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import page
from app.web.locale import city_elsewhere, local_time_text
from app.web.maps import on_map
from app.web.ui import distance_text

blueprint = Blueprint("board", __name__)


@dataclass(frozen=True)
class Tally:
    """How a day went: numbers of visits. `off_site` are among the done ones."""

    planned: int
    done: int
    off_site: int
    missed: int


def tally(lines: list[VisitLine]) -> Tally:
    """Count a day's visits."""
    done = [each for each in lines if each.state in (VisitState.DONE, VisitState.CHECKED_IN)]
    return Tally(
        sum(each.row.planned for each in lines),
        len(done),
        sum(each.row.verdict == Verdict.OFF_SITE for each in done),
        sum(each.state is VisitState.MISSED for each in lines),
    )


@blueprint.get("/board")
@needs(P.VISITS_TEAM)
def board_index() -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    day = _day(actor, now)
    lines = list_team_day(actor, day, now)
    saw(actor, _been(lines), Seen.BOARD, now)
    by_rep = [(rep, list(visits)) for rep, visits in groupby(lines, key=lambda each: (each.row.rep_id, each.row.rep))]
    return page(
        "visits/board.html",
        "board_list",
        day=day,
        today=today_in(actor.zone, now),
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        tally=tally(lines),
        by_rep=[(rep_id, name, visits, tally(visits), _city(visits, now)) for (rep_id, name), visits in by_rep],
        names=STATE_NAMES,
        verdicts=VERDICT_NAMES,
        now=now,
    )


@blueprint.get("/board/pins")
@needs(P.VISITS_TEAM)
def pins_index() -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    lines = list_team_day(actor, _day(actor, now), now)
    saw(actor, _been(lines), Seen.BOARD, now)
    return jsonify({"pins": [_pin(each) for each in lines if _where(each)]})


@blueprint.get("/reps/<uuid:rep_id>/days/<day>")
@needs(P.VISITS_READ)
def rep_day_show(rep_id: UUID, day: str) -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    rep = get_rep(actor, rep_id)
    chosen = day_of(day, today_in(rep.zone, now))
    lines = list_day(actor, rep_id, chosen, now)
    saw(actor, _been(lines), Seen.DAY, now)
    last = datetime.max.replace(tzinfo=UTC)
    lines.sort(key=lambda each: (each.when or last, each.row.sequence or 0))
    pins = [_pin(each, str(number)) for number, each in enumerate(lines, 1) if _where(each)]
    been = [each for each in lines if each.row.check_in_at is not None]
    stops = [_stop(each) for each in been]
    legs = legs_of(stops)
    return page(
        "visits/rep_day.html",
        rep=rep,
        day=chosen,
        before=chosen - timedelta(days=1),
        after=chosen + timedelta(days=1),
        lines=lines,
        tally=tally(lines),
        city=_city(lines, now),
        pins={"pins": pins, "lines": [[on_map(at.lat, at.lon) for at in line] for line in joined(stops, legs)]},
        led_to={each.row.id: leg for each, leg in zip(been[1:], legs, strict=False)},
        way=sum(leg.metres for leg in legs if not leg.gap),
        gaps=sum(bool(leg.gap) for leg in legs),
        gap_names=GAP_NAMES,
        late=_late,
        names=STATE_NAMES,
        verdicts=VERDICT_NAMES,
    )


def _stop(line: VisitLine) -> Stop:
    """Without a position at the check-in nobody knows where it was; a fix that was deleted since gives way to its
    place."""
    where = None if line.row.verdict == Verdict.NO_POSITION else _where(line)
    return Stop(line.row.check_in_at, line.row.check_out_at, Position(*where) if where else None)


def _late(line: VisitLine) -> str:
    """How the arrival compares with the plan, in words; '' where nothing was planned."""
    row = line.row
    if row.check_in_at is None or row.planned_at is None:
        return ""
    minutes = round((row.check_in_at - row.planned_at).total_seconds() / 60)
    if minutes > 0:
        return str(_("%(minutes)s min later than planned", minutes=minutes))
    return str(_("%(minutes)s min earlier than planned", minutes=-minutes) if minutes else _("as planned"))


def _city(lines: list[VisitLine], now: datetime) -> str | None:
    """Whose clock these visits' times are read from: '' where it is the reader's, None where there are several."""
    zones = {each.row.zone for each in lines}
    if len(zones) > 1:
        return None
    return city_elsewhere(zones.pop(), now) if zones else ""


def _been(lines: list[VisitLine]) -> set[UUID]:
    """The people of whom these visits tell where they were; a plan tells it of nobody."""
    return {each.row.rep_id for each in lines if each.row.check_in_at}


def _day(actor: Actor, now: datetime) -> date:
    return day_of(request.args.get("day"), today_in(actor.zone, now))


def _where(line: VisitLine) -> tuple[float, float] | None:
    """Where it really happened, else where it should: WGS-84."""
    row = line.row
    if row.check_in_lat is not None:
        return row.check_in_lat, row.check_in_lon
    return (row.lat, row.lon) if row.lat is not None else None


def _pin(line: VisitLine, number: str | None = None) -> dict[str, object]:
    row = line.row
    lat, lon = on_map(*(_where(line) or (0.0, 0.0)))
    tone = "off_site" if row.verdict == Verdict.OFF_SITE else _TONES[line.state]
    when = local_time_text(line.when, row.zone)
    distance = _("%(distance)s away", distance=distance_text(row.distance)) if tone == "off_site" else ""
    said = [row.rep, when, translated(STATE_NAMES[line.state]), distance]
    return {
        "id": str(row.id),
        "lat": lat,
        "lon": lon,
        "label": row.name,
        "sub": " · ".join(word for word in said if word),
        "url": url_for("visits.visit_show", visit_id=row.id),
        "tone": tone,
        **({"n": number} if number else {}),
    }


_TONES = {
    VisitState.PLANNED: "planned",
    VisitState.CHECKED_IN: "done",
    VisitState.DONE: "done",
    VisitState.MISSED: "missed",
    VisitState.POSTPONED: "missed",
    VisitState.SKIPPED: "missed",
}
