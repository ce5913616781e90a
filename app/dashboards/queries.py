"""Who is counted, and what is known of them: the board of a period."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import chain
from uuid import UUID

from sqlalchemy import and_, select

from app.dashboards.choice import BY_TEAM, Choice
from app.dashboards.ports import Measure
from app.dashboards.rules import Line, Numbers, summed, total
from app.identity.models import Person, Team
from app.identity.permissions import ROLES
from app.identity.rules import Branch, in_order, team_and_below, tree_of
from app.infra.db import db
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach

NOBODY = UUID(int=0)  # the id of the line of all


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody who may be counted. `is_seller`: expected to be, so shown with nothing too: whoever sees only what is
    their own, and still signs in."""

    id: UUID
    name: str
    team_id: UUID
    is_seller: bool


@dataclass(frozen=True)
class Staff:
    """The people whom an actor sees, by name, and the tree of teams."""

    people: tuple[Counted, ...]
    teams: tuple[tuple[UUID, str, UUID | None], ...]

    @cached_property
    def tree(self) -> list[Branch]:
        """The teams that have such people themselves, and those that join several which have, each after the one above
        it. A team that only passes on the one below it would be the same figures twice."""
        known, parents = {each.team_id for each in self.people}, {team: parent for team, _name, parent in self.teams}
        held = [parents[team] for team in parents if known & self.below(team)]  # the parent, once for each such child
        shown = {team for team in parents if team in known or held.count(team) > 1}

        def above(team: UUID) -> UUID | None:
            parent = parents[team]
            return parent if parent is None or parent in shown else above(parent)

        return in_order(tree_of((team, name, above(team)) for team, name, _parent in self.teams if team in shown))

    @cached_property
    def team_names(self) -> Mapping[UUID, str]:
        """Team -> its name."""
        return {team: name for team, name, _parent in self.teams}

    def below(self, team: UUID) -> frozenset[UUID]:
        """The team and all below it."""
        return team_and_below(team, ((each, parent) for each, _name, parent in self.teams))

    def of_team(self, team: UUID | None) -> tuple[Counted, ...]:
        """Those of the team and the teams below it; all of them for None."""
        if team is None:
            return self.people
        teams = self.below(team)
        return tuple(each for each in self.people if each.team_id in teams)


def get_staff(actor: Actor) -> Staff:
    """All whom the actor sees, those who left included, and all teams: one statement."""
    rows = db.session.execute(
        select(
            Team.id.label("team_id"), Team.name.label("team"), Team.parent_id,
            Person.id, Person.name, Person.role, Person.deactivated_at,
        )
        .outerjoin(Person, and_(Person.team_id == Team.id, belongs_to(actor, Person.id)))
        .order_by(Person.name, Person.id)
    ).all()  # fmt: skip
    people = tuple(
        Counted(row.id, row.name, row.team_id, ROLES[row.role][1] is Reach.OWN and row.deactivated_at is None)
        for row in rows
        if row.id is not None
    )
    return Staff(people, tuple({row.team_id: (row.team_id, row.team, row.parent_id) for row in rows}.values()))


@dataclass(frozen=True)
class Board:
    """A period's figures: `lines` of the reps or the teams, `whole` of all of them together, and the numbers by day."""

    staff: Staff
    lines: list[Line]
    whole: Line
    by_day: Mapping[date, Numbers]


def get_board(actor: Actor, measures: Iterable[Measure], choice: Choice, now: datetime) -> Board:
    """The numbers of all measures for the chosen period and people: a statement for each way of loading, and one."""
    staff = get_staff(actor)
    people = staff.of_team(choice.team)
    ids = {each.id for each in people}
    loads = dict.fromkeys(measure.load for measure in measures)
    facts = chain.from_iterable(load(actor, choice.period, now) for load in loads)
    sums = summed(facts, choice.period, ids.__contains__)

    def line(kind: str, id_: UUID, name: str, reps: Iterable[UUID], about: str = "", depth: int = 0) -> Line:
        whose = tuple(reps)
        now_, before = (
            total(each[rep] for rep in whose if rep in each)
            if len(whose) > 1
            else each.get(whose[0], {})
            if whose
            else {}
            for each in (sums.now, sums.before)
        )
        return Line(kind, id_, name, now_, before, about, depth)

    if choice.by == BY_TEAM:
        inside = None if choice.team is None else staff.below(choice.team)
        lines = [
            line("team", branch.id, branch.name, (each.id for each in staff.of_team(branch.id)), depth=branch.depth)
            for branch in staff.tree
            if inside is None or branch.id in inside
        ]
    else:
        lines = [
            line("rep", each.id, each.name, (each.id,), staff.team_names[each.team_id])
            for each in people
            if each.is_seller or each.id in sums.now or each.id in sums.before
        ]
    return Board(staff, lines, line("all", NOBODY, "", ids), sums.by_day)
