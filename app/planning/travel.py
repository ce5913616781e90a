"""Ways to travel times: which source a plan takes, what the company says of them, what teams' visits have taught."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from uuid import UUID

from sqlalchemy import literal, select, true

from app.accounts.models import Place
from app.identity.models import Person, Team
from app.infra.db import AnyRow, db
from app.infra.road_times import road_times
from app.kernel.geo import Position
from app.kernel.travel import Source, TravelTimes
from app.planning.driving import Asked, Driving, TravelSettings, drive
from app.planning.models import TeamSpeed, TravelSetting
from app.planning.speed import Gap, may_be_a_drive
from app.visits.models import CheckIn, CheckOut, Visit
from app.visits.rules import Verdict

MOST_VISITS = 2_000  # of a team, the latest: a fortnight of twenty reps, a quarter of three


def find_driving(team_id: UUID, asked: Asked) -> Driving:
    """How long somebody of this team drives between these positions. One statement."""
    settings, learned = _rates(team_id)
    return drive(list_sources(settings), asked, settings, learned)


def list_sources(settings: TravelSettings) -> list[TravelTimes]:
    """Every source of travel times that there is now, the best first; the last is the estimate."""
    return [*road_times(), settings.estimate]


def _rates(team_id: UUID) -> tuple[TravelSettings, Mapping[Source, int]]:
    """What the company says of travel times, and percent of each source's seconds that the team takes."""
    one = select(literal(1).label("one")).subquery()
    rows = db.session.execute(
        select(*_SAID, TeamSpeed.source, TeamSpeed.percent)
        .select_from(one)
        .outerjoin(TravelSetting, true())
        .outerjoin(TeamSpeed, TeamSpeed.team_id == team_id)
    ).all()
    return _settings(rows[0]), {Source(row.source): row.percent for row in rows if row.source}


_SAID = (
    TravelSetting.detour_percent, TravelSetting.speed_kmh, TravelSetting.parking_minutes, TravelSetting.use_learned,
)  # fmt: skip


def _settings(row: AnyRow | None) -> TravelSettings:
    if row is None or row.detour_percent is None:
        return TravelSettings()
    return TravelSettings(row.detour_percent, row.speed_kmh, row.parking_minutes, row.use_learned)


def get_travel_settings() -> tuple[TravelSettings, int]:
    """What the company says of travel times, and its version: 0 where nobody has said anything yet."""
    row = db.session.execute(select(*_SAID, TravelSetting.version)).first()
    return _settings(row), row.version if row else 0


def find_travel_setting() -> TravelSetting | None:
    """The row itself, to change it."""
    return db.session.scalar(select(TravelSetting))


# --- How fast do teams drive? ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TeamSpeedLine:
    """What a team takes of a source's seconds, in percent."""

    team: str
    source: Source
    percent: int
    drives: int
    since: datetime


def list_team_speeds() -> Sequence[TeamSpeedLine]:
    """Everything that was learned, by the names of the teams."""
    rows = db.session.execute(
        select(Team.name, TeamSpeed.source, TeamSpeed.percent, TeamSpeed.drives, TeamSpeed.since)
        .join(TeamSpeed, TeamSpeed.team_id == Team.id)
        .order_by(Team.name, TeamSpeed.source)
    )
    return [TeamSpeedLine(row.name, Source(row.source), row.percent, row.drives, row.since) for row in rows]


def list_teams() -> Sequence[UUID]:
    """The teams that have people."""
    return db.session.scalars(select(Person.team_id).distinct().order_by(Person.team_id)).all()


def find_team_speed(team_id: UUID, source: Source) -> TeamSpeed | None:
    """What was learned of a team before."""
    return db.session.get(TeamSpeed, (team_id, source))


@dataclass(frozen=True, slots=True)
class Driven:
    """A drive of somebody's: the gap between two visits, and where they were."""

    gap: Gap
    origin: Position
    target: Position


def list_days(team_id: UUID, since: datetime) -> Sequence[Sequence[Driven]]:
    """What the people of a team drove from one visit to the next, by person and day: between places where both were
    found to be, from a check-out that is no estimate. Of the latest visits."""
    rows = db.session.execute(
        select(
            Visit.rep_id, CheckIn.at, CheckIn.verdict, CheckIn.clock_doubtful, CheckOut.at.label("left_at"),
            CheckOut.estimated, Place.lat, Place.lon, Person.zone, Person.lunch_from, Person.lunch_minutes,
        )
        .join(CheckIn, CheckIn.visit_id == Visit.id)
        .join(Person, Person.id == Visit.rep_id)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .where(Person.team_id == team_id, CheckIn.at >= since)
        .order_by(CheckIn.at.desc(), Visit.id)
        .limit(MOST_VISITS)
    ).all()  # fmt: skip
    of_rep: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for row in reversed(rows):
        of_rep[row.rep_id].append(row)
    driven = (each for visits in of_rep.values() for each in _driven(visits))
    return [list(day) for _, day in groupby(driven, lambda each: each.gap.left_at.date())]


def _driven(visits: Sequence[AnyRow]) -> Iterator[Driven]:
    for here, there in pairwise(visits):
        if here.left_at is None or here.estimated or not (_is_sure(here) and _is_sure(there)):
            continue
        gap = Gap(here.left_at, there.at)
        if may_be_a_drive(gap, here.zone, here.lunch_from, here.lunch_minutes):
            yield Driven(gap, Position(here.lat, here.lon), Position(there.lat, there.lon))


def _is_sure(visit: AnyRow) -> bool:
    return visit.verdict == Verdict.ON_SITE and not visit.clock_doubtful and visit.lat is not None
