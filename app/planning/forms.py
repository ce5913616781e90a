"""What the addresses and forms of nearby and of the day plan say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, TimeField
from wtforms.validators import InputRequired, NumberRange, Optional

from app.accounts.rules import AccountFilters
from app.kernel.geo import Position
from app.kernel.ids import parse_id
from app.planning.actions import LONGEST_VISIT, SHORTEST_VISIT
from app.planning.driving import BOUNDS, TravelSettings
from app.visits.actions import FURTHEST_PLAN
from app.visits.forms import day_of
from app.web.form import Form, position_of, whole

RADII_M = (1000, 3000, 10_000, 30_000)  # offered
_LARGEST_RADIUS_M = 20_000_000
VAGUE_M = 1000  # a computer without a receiver is anywhere in its town
_FIXES = ("denied", "unavailable", "timeout")


class LengthForm(Form):
    minutes = IntegerField(_l("Minutes"), [InputRequired(), NumberRange(SHORTEST_VISIT, LONGEST_VISIT)])


class TimeForm(Form):
    """The agreed beginning of a visit; nothing lets it go."""

    time = TimeField(_l("Agreed time"), [Optional()])


class TravelForm(Form):
    """How travel times are made."""

    detour_percent = whole(
        _l("Way by road, in percent of the straight line"), InputRequired(), NumberRange(*BOUNDS["detour_percent"])
    )
    speed_kmh = whole(_l("Speed, in km/h"), InputRequired(), NumberRange(*BOUNDS["speed_kmh"]))
    parking_minutes = whole(
        _l("Minutes for parking, at every stop"), InputRequired(), NumberRange(*BOUNDS["parking_minutes"])
    )
    use_learned = BooleanField(_l("Use the speeds that were learned from visits"))

    def to_input(self) -> TravelSettings:
        return TravelSettings(
            self.detour_percent.data or 0,
            self.speed_kmh.data or 0,
            self.parking_minutes.data or 0,
            bool(self.use_learned.data),
        )


def plan_day(text: str | None, today: date) -> date:
    """The day that an address asks for, today where it asks nonsense or for a day that no plan has."""
    day = day_of(text, today)
    return day if abs(day - today) <= FURTHEST_PLAN else today


def whereabouts_of(form: Mapping[str, str]) -> Position | None:
    """Where the phone says it is (static/js/position.js), None where it does not, or not to some streets; InvalidError
    where that cannot be."""
    position = position_of(_number(form.get("lat", "")), _number(form.get("lon", "")))
    accuracy_m = _number(form.get("accuracy_m", ""))
    return position if accuracy_m is None or accuracy_m <= VAGUE_M else None


def whole_number(text: str, most: int) -> int | None:
    """A positive number of an address, at most `most`; None for anything else."""
    return min(int(text), most) or None if text.isascii() and text.isdigit() and len(text) < 12 else None


@dataclass(frozen=True, slots=True)
class NearbyAsked:
    """What the address of nearby asks for: around a position, an account or the hits of a search (`filters.q`).

    The position is rounded to 5 decimals (1 m): the address stands in histories. `view`: list or map.
    """

    position: Position | None = None
    accuracy_m: int | None = None
    position_error: str = ""
    account_id: UUID | None = None
    filters: AccountFilters = field(default_factory=AccountFilters)
    radius_m: int | None = None
    view: str = "list"

    @classmethod
    def read(cls, args: Mapping[str, str]) -> "NearbyAsked":
        """From the arguments of an address; InvalidError where the position is impossible, other nonsense is unsaid."""
        given = (_number(args.get("lat", "")), _number(args.get("lon", "")))
        position = position_of(*given)
        error = args.get("position_error", "")
        account_id = None if position else parse_id(args.get("account"))
        read = AccountFilters.read(args)
        q = "" if position or account_id else read.q
        return cls(
            position=Position(round(position.lat, 5), round(position.lon, 5)) if position else None,
            accuracy_m=whole_number(args.get("accuracy_m", "").partition(".")[0], 1_000_000) if position else None,
            position_error=error if error in _FIXES and not position else "",
            account_id=account_id,
            filters=AccountFilters(q=q, owner=read.owner, rating=read.rating, days=read.days),
            radius_m=whole_number(args.get("radius", ""), _LARGEST_RADIUS_M),
            view="map" if args.get("view") == "map" else "list",
        )

    def args(self, **changes: object) -> dict[str, str]:
        """The arguments of the address that asks for this, some changed; what says nothing is left out."""
        other = replace(self, **changes)  # type: ignore[arg-type] # names are checked by replace
        said = {
            "lat": f"{other.position.lat:.5f}" if other.position else "",
            "lon": f"{other.position.lon:.5f}" if other.position else "",
            "accuracy_m": str(other.accuracy_m or ""),
            "position_error": other.position_error,
            "account": str(other.account_id or ""),
            **other.filters.args(),
            "radius": str(other.radius_m or ""),
            "view": other.view if other.view != "list" else "",
        }
        return {name: text for name, text in said.items() if text}

    def url(self, **changes: object) -> str:
        """The address itself."""
        args = self.args(**changes)
        return f"/nearby?{urlencode(args)}" if args else "/nearby"


def _number(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        return float("nan")  # of no position on earth


def shown_days(day: date, today: date) -> list[date]:
    """The days to choose from: a week from today, and the chosen one."""
    week = [today + timedelta(days=n) for n in range(7)]
    return sorted({*week, day})
