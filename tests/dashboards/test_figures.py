"""Each figure is what its list shows, and what the rules of visits say of one visit after the other."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Place
from app.dashboards.choice import BY_TEAM, Choice
from app.dashboards.plugs import measures
from app.dashboards.ports import Measure
from app.dashboards.queries import Board, get_board, get_staff
from app.dashboards.rules import Figure, Line, in_currencies, summed, total
from app.dashboards.views import Heading
from app.infra.db import db
from app.kernel.access import Actor
from app.kernel.dates import local, today_in
from app.sales.queries import each_order, list_orders, sum_orders
from app.sales.rules import STANDING, OrderState, SaleFilters
from app.visits.figures import LONGEST_GAP, each_visit, list_visits, load_visits, sum_visits
from app.visits.filters import VisitFilters
from app.visits.models import CheckIn, CheckOut, Dismissal, Visit
from app.visits.rules import Dismissal as DismissalKind
from app.visits.rules import VisitState, state_of, visit_minutes
from tests.conftest import Cast
from tests.dashboards.conftest import Fields

Case = tuple[Measure, Figure, Line, str]


def choice_of(fields: Fields, **words: str) -> Choice:
    """Three weeks up to tomorrow, so that some visits are still to come."""
    today = today_in("Asia/Shanghai", fields.now)
    asked = {"period": "days", "from": str(today - timedelta(days=20)), "to": str(today + timedelta(days=1)), **words}
    return Choice.read(asked, today)


def board_of(app: Flask, actor: Actor, fields: Fields, choice: Choice) -> tuple[Board, list[Case]]:
    """The board, and each figure of each line with the address that it opens."""
    with app.test_request_context():
        plugged = measures(actor)
        board = get_board(actor, plugged, choice, fields.now)
        cases = [
            (measure, figure, line, Heading(measure, figure, choice).address(line))
            for measure in plugged
            for figure in in_currencies(measure.figures, board.whole.now)
            for line in (*board.lines, board.whole)
            if figure.opens is not None
        ]
    return board, cases


def listed(actor: Actor, address: str, figure: Figure, now: datetime) -> float:
    """What the list at that address says of the figure: its length, its minutes or its money."""
    parts = urlsplit(address)
    args = dict(parse_qsl(parts.query))
    team = UUID(args["team"]) if "team" in args else None
    reps = None if team is None else [each.id for each in get_staff(actor).of_team(team)]
    if parts.path == "/visits":
        visits = VisitFilters.read(args, date(2000, 1, 1))
        sums, every = sum_visits(actor, visits, reps, now), list(each_visit(actor, visits, reps, now))
        assert sums.visits == len(every)
        shown = [
            (each.row.name, each.row.planned_on, each.state) for each in list_visits(actor, visits, reps, 1, now).rows
        ]
        assert shown == [(row.name, row.planned_on, state) for row, state in every[:50]]
        number = figure.top or figure.key
        if "gap" in number:
            return sums.gap_minutes if "minutes" in number else sums.visits
        return sums.minutes if number in ("minutes", "estimated_minutes") else sums.visits
    orders = SaleFilters.read(args, (*OrderState, STANDING))
    found = list(each_order(actor, orders, reps))
    assert list_orders(actor, orders, 1, reps).rows == found[:50]
    counted = sum_orders(actor, orders, reps)
    assert sum(count for _currency, count, _gross in counted) == len(found)
    return sum(gross for _currency, _count, gross in counted) if figure.currency else len(found)


@pytest.mark.parametrize("by", ["rep", BY_TEAM])
@pytest.mark.parametrize("who", ["mona", "ada"])
def test_each_figure_is_what_its_list_shows(app: Flask, cast: Cast, fields: Fields, who: str, by: str) -> None:
    """A clock stands for a number of days; each other figure for a length, a sum, or what is divided."""
    actor = getattr(cast, who)
    choice = choice_of(fields, by=by)
    board, cases = board_of(app, actor, fields, choice)
    assert len(cases) > 60
    assert len({line.id for _measure, _figure, line, _address in cases}) >= 3
    for measure, figure, line, address in cases:
        if figure.unit != "clock" and measure.path != "/coverage/accounts":  # visits there, the list has customers
            said = listed(actor, address, figure, fields.now)
            assert said == line.now.get(figure.top or figure.key, 0), (figure.key, line.name, address)
    if by == "rep":
        assert total(line.now for line in board.lines) == board.whole.now, "the reps add up to the total"
        assert total(line.before for line in board.lines) == board.whole.before


def test_a_team_s_figures_are_those_of_its_reps_and_of_the_teams_below(app: Flask, cast: Cast, fields: Fields) -> None:
    board, _cases = board_of(app, cast.ada, fields, choice_of(fields, by=BY_TEAM))
    teams = {line.name: line for line in board.lines}
    assert {name: line.depth for name, line in teams.items()} == {"Sales": 0, "China": 1, "Shanghai": 2, "Britain": 1}
    assert teams["Sales"].now == board.whole.now
    assert total([teams["China"].now, teams["Britain"].now]) == board.whole.now, "Ada and Otto visit nobody"
    narrowed, cases = board_of(app, cast.ada, fields, choice_of(fields, team=str(cast.teams["china"])))
    assert narrowed.whole.now == teams["China"].now
    for measure, figure, line, address in cases:
        if figure.unit != "clock" and measure.path != "/coverage/accounts":
            assert listed(cast.ada, address, figure, fields.now) == line.now.get(figure.top or figure.key, 0)


def test_a_manager_s_figures_end_at_the_own_team(app: Flask, cast: Cast, fields: Fields) -> None:
    mine, _cases = board_of(app, cast.mona, fields, choice_of(fields))
    everybody, _cases = board_of(app, cast.ada, fields, choice_of(fields))
    assert {line.name for line in mine.lines} == {"Rita", "Mona"}
    assert {line.name for line in everybody.lines} == {"Rita", "Mona", "Ren"}
    by_name = {line.name: line for line in everybody.lines}
    assert [line.now for line in mine.lines] == [by_name[line.name].now for line in mine.lines]
    assert [branch.name for branch in mine.staff.tree] == ["China", "Shanghai"]
    other, _cases = board_of(app, cast.mona, fields, choice_of(fields, team=str(cast.teams["britain"])))
    assert (other.lines, other.whole.now) == ([], {})


def told_one_by_one(fields: Fields, first: date, last: date) -> dict[str, int]:
    """The numbers of a period as the rules say them, without SQL that counts."""
    rows = db.session.execute(
        select(Visit, Place.zone, CheckIn, CheckOut, Dismissal)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.planned_on.between(first, last))
    ).all()
    found: Counter[str] = Counter()
    made: dict[tuple[UUID, date], list[tuple[Any, ...]]] = {}
    for visit, zone, begun, ended, dismissal in rows:
        kind = DismissalKind(dismissal.kind) if dismissal else None
        state = state_of(visit.planned_on, today_in(zone, fields.now), begun and begun.at, ended and ended.at, kind)
        found["planned"] += visit.planned
        if state in (VisitState.CHECKED_IN, VisitState.DONE):
            found.update(["made", "made_planned" if visit.planned else "unplanned", f"verdict_{begun.verdict}"])
            made.setdefault((visit.rep_id, visit.planned_on), []).append((begun.at, visit.id, visit, zone, ended))
        else:
            found["waiting" if state is VisitState.PLANNED else state.value] += 1
        if state is VisitState.DONE:
            minutes = visit_minutes(begun.at, ended.at)
            found.update(
                timed=1, minutes=minutes, estimated=ended.estimated, estimated_minutes=minutes * ended.estimated
            )
    found["customers"] = len({(each[2].rep_id, each[2].account_id) for day in made.values() for each in day})
    for (_rep, day), visits in made.items():
        found.update(dict(_of_day(day, sorted(visits, key=lambda each: each[:2]))))
    return {name: number for name, number in found.items() if number}


def _of_day(day: date, visits: list[tuple[Any, ...]]) -> Iterator[tuple[str, int]]:
    gaps = [visit_minutes(before[4].at, after[0]) for before, after in pairwise(visits) if before[4]]
    yield "gaps", sum(gap <= LONGEST_GAP for gap in gaps)
    yield "gap_minutes", sum(gap for gap in gaps if gap <= LONGEST_GAP)
    yield "long_gaps", sum(gap > LONGEST_GAP for gap in gaps)
    first = min((each[0], each[3]) for each in visits)
    last = max(((each[4].at, each[3]) for each in visits if each[4]), default=None)
    for name, moment in (("first", first), ("last", last)):
        if moment is not None:
            there = local(*moment)
            days = (there.date() - day).days
            if 0 <= days <= 1:
                yield f"{name}_days", 1
                yield f"{name}_minutes", days * 1440 + there.hour * 60 + there.minute


def test_the_numbers_are_what_the_rules_say_one_by_one(app: Flask, cast: Cast, fields: Fields) -> None:
    period = choice_of(fields).period
    sums = summed(load_visits(cast.ada, period, fields.now), period)
    said = total(sums.now.values())
    assert said == told_one_by_one(fields, period.first, period.last)
    assert total(sums.before.values()) == told_one_by_one(fields, period.before.first, period.before.last)
    assert min(said[name] for name in ("missed", "waiting", "postponed", "skipped", "long_gaps", "gaps")) > 0
    planned = sum(said[name] for name in ("made_planned", "missed", "postponed", "skipped", "waiting"))
    assert said["planned"] == planned, "each planned visit is in exactly one state"
    assert said["made"] == said["made_planned"] + said["unplanned"]
    assert said["made"] == sum(number for name, number in said.items() if name.startswith("verdict_"))


def test_uncertain_and_unlocated_check_ins_count_neither_way(app: Flask, cast: Cast, fields: Fields) -> None:
    _board, cases = board_of(app, cast.ada, fields, choice_of(fields))
    share = next(figure for _measure, figure, _line, _address in cases if figure.key == "on_site_share")
    numbers = {"verdict_on_site": 3, "verdict_off_site": 1, "verdict_no_position": 1}
    assert share.value(numbers) == 0.6
    assert share.value({**numbers, "verdict_uncertain": 9, "verdict_no_place": 9}) == 0.6
