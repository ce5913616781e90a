"""Travel times as the company wants them: its settings, and what its teams' visits teach."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import must_match
from app.kernel.ids import new_id
from app.kernel.travel import RoadsFailedError, Source, TravelTimes
from app.planning.driving import TravelSettings
from app.planning.events import TravelSettingsSaved
from app.planning.models import TeamSpeed, TravelSetting
from app.planning.speed import Gap, Learned, learn
from app.planning.travel import (
    Driven,
    find_team_speed,
    find_travel_setting,
    get_travel_settings,
    list_days,
    list_sources,
)

LEARNED_FROM = timedelta(days=90)


def save_travel_settings(actor: Actor, given: TravelSettings, version: int | None, now: datetime) -> TravelSetting:
    """Say how travel times are made. `version` is 0 where nobody has said it yet. InvalidError at a number that is out
    of bounds."""
    must(actor, P.COMPANY_MANAGE)
    row = find_travel_setting()
    must_match(version, row.version if row else 0)
    given.check()
    if row is None:
        row = TravelSetting(id=new_id(), version=0)
        db.session.add(row)
    row.detour_percent, row.speed_kmh = given.detour_percent, given.speed_kmh
    row.parking_minutes, row.use_learned = given.parking_minutes, given.use_learned
    row.version += 1
    db.session.flush()
    record(actor, TravelSettingsSaved(row.id), now)
    return row


def find_speeds(team_id: UUID, now: datetime) -> Mapping[Source, Learned | None]:
    """What the team's visits of the last 90 days say of each source of travel times, None where too little. A source
    that does not answer is not in it. It may take a while and changes nothing."""
    settings, _version = get_travel_settings()
    days = list_days(team_id, now - LEARNED_FROM)
    db.session.rollback()  # hold nothing while a server is asked
    found: dict[Source, Learned | None] = {}
    for times in list_sources(settings):
        try:
            found[times.source] = learn(_expected(days, times), 60 * settings.parking_minutes)
        except RoadsFailedError:
            continue
    return found


def keep_speeds(team_id: UUID, found: Mapping[Source, Learned | None], now: datetime) -> None:
    """Keep what was found; what the visits say nothing of any more is forgotten."""
    for source, learned in found.items():
        _keep(team_id, source, learned, now)
    db.session.flush()


def _expected(days: Sequence[Sequence[Driven]], times: TravelTimes) -> Iterator[tuple[Gap, int | None]]:
    """Each drive with the seconds that the source gives for it."""
    for drives in days:
        positions = list(dict.fromkeys(end for each in drives for end in (each.origin, each.target)))
        matrix = times.matrix(positions)
        for each in drives:
            yield each.gap, matrix.seconds[positions.index(each.origin)][positions.index(each.target)]


def _keep(team_id: UUID, source: Source, learned: Learned | None, now: datetime) -> None:
    row = find_team_speed(team_id, source)
    if learned is None:
        if row is not None:
            db.session.delete(row)
        return
    if row is None:
        row = TeamSpeed(team_id=team_id, source=source)
        db.session.add(row)
    row.percent, row.drives, row.since, row.learned_at = learned.percent, learned.drives, learned.since, now
