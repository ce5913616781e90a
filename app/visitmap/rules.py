"""What a visit map shows: which visits or customers, of which days, and which points of a view become one pin."""

import calendar
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from app.accounts.rules import MOST_DAYS, RATINGS
from app.kernel.geo import LAST_KEY, MERCATOR_LIMIT, Box, KeyRange, Position, at_pixel, box_ranges, pixel, tile_box
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.visits.rules import OUTCOMES, Verdict

# --- Which? ----------------------------------------------------------------------------------------------------------

NOW, VISITS, ACCOUNTS, UNCOVERED = "now", "visits", "accounts", "uncovered"
LAYERS = {
    NOW: N_("Who is where"),
    VISITS: N_("Visits"),
    ACCOUNTS: N_("Customers"),
    UNCOVERED: N_("Uncovered"),
}
POOL = "none"
USUAL_DAYS = 30  # without a visit, before a customer counts as uncovered
_YEARS = (1970, 2200)


@dataclass(frozen=True, slots=True)
class MapFilters:
    """What the map and its list show alike; the same words stand in addresses (`read` and `args`).

    `first` and `last` are the days of the period, both None for today as it goes on; only then there is the layer NOW.
    `rep`: whose visits, or whose customers, a person's id or 'none' for the public pool. `team`: that team and those
    below it. `verdict`, `outcome`: of the visits, and of customers those with such a visit in the period. `days`:
    customers not visited for so many, or never. `at`: centre and zoom of the view, in the datum of the tiles, None
    until somebody moves the map.
    """

    layer: str = NOW
    first: date | None = None
    last: date | None = None
    rep: str = ""
    team: UUID | None = None
    verdict: str = ""
    outcome: str = ""
    rating: str = ""
    days: int | None = None
    at: tuple[float, float, int] | None = None

    @classmethod
    def read(cls, args: Mapping[str, str]) -> "MapFilters":
        """From the arguments of an address; nonsense counts as not said."""
        first, last = _day(args.get("from")), _day(args.get("to"))
        if first and last and last < first:
            first, last = last, first
        rep, days = args.get("rep", ""), args.get("days", "")
        layer = layer if (layer := args.get("layer", "")) in LAYERS else NOW
        return cls(
            layer=VISITS if layer == NOW and (first or last) else layer,
            first=first or last,
            last=last or first,
            rep=rep if rep == POOL or parse_id(rep) else "",
            team=parse_id(args.get("team")),
            verdict=verdict if (verdict := args.get("verdict", "")) in list(Verdict) else "",
            outcome=outcome if (outcome := args.get("outcome", "")) in OUTCOMES else "",
            rating=rating if (rating := args.get("rating", "")) in RATINGS else "",
            days=min(int(days), MOST_DAYS) or None if days.isascii() and days.isdigit() and len(days) < 6 else None,
            at=_view(args),
        )

    def args(self, **changes: object) -> dict[str, str]:
        """The arguments of the address that shows this, some changed; what says nothing is left out."""
        other = replace(self, **changes)  # type: ignore[arg-type] # names are checked by replace
        lat, lon, zoom = other.at or ("", "", "")
        return {
            name: text
            for name, text in (
                ("layer", "" if other.layer == NOW else other.layer),
                ("from", other.first.isoformat() if other.first else ""),
                ("to", other.last.isoformat() if other.last else ""),
                ("rep", other.rep), ("team", str(other.team or "")), ("verdict", other.verdict),
                ("outcome", other.outcome), ("rating", other.rating), ("days", str(other.days or "")),
                ("lat", str(lat)), ("lon", str(lon)), ("zoom", str(zoom)),
            )
            if text
        }  # fmt: skip

    def on(self, layer: str) -> "MapFilters":
        """The same on another layer; where people are now is only asked of today."""
        return replace(self, layer=layer, first=None, last=None) if layer == NOW else replace(self, layer=layer)

    @property
    def number(self) -> int:
        """How many filters narrow what is shown; the period is none of them."""
        chosen = (self.rep, self.team, self.verdict, self.outcome, self.rating, self.days)
        return sum(bool(each) for each in chosen)

    @property
    def is_live(self) -> bool:
        """Whether it is today as it goes on."""
        return self.first is None

    @property
    def stale_days(self) -> int:
        """Days without a visit after which a customer is uncovered."""
        return self.days or USUAL_DAYS

    def period(self, today: date) -> tuple[date, date]:
        """First and last day."""
        return self.first or today, self.last or today


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day and _YEARS[0] <= day.year < _YEARS[1] else None


def _view(args: Mapping[str, str]) -> tuple[float, float, int] | None:
    try:
        lat, lon, zoom = float(args["lat"]), float(args["lon"]), int(args["zoom"][:4])
    except (KeyError, ValueError):
        return None
    if not (math.isfinite(lat) and math.isfinite(lon)):
        return None
    lat = round(min(max(lat, -MERCATOR_LIMIT), MERCATOR_LIMIT), 5)
    return lat, round((lon + 180.0) % 360.0 - 180.0, 5), min(max(zoom, 1), LARGEST_ZOOM)


# --- Which days? -----------------------------------------------------------------------------------------------------


def spans(today: date) -> dict[str, tuple[date, date]]:
    """The periods that are offered, by their names (msgids): all as long as the calendar has them."""
    monday = today - timedelta(days=today.weekday())
    year_ago = (today.replace(day=1) - timedelta(days=334)).replace(day=1)
    return {
        N_("Yesterday"): (today - timedelta(days=1), today - timedelta(days=1)),
        N_("This week"): (monday, monday + timedelta(days=6)),
        N_("This month"): (today.replace(day=1), month_end(today)),
        N_("12 months"): (year_ago, month_end(today)),
    }


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def shifted(first: date, last: date, forward: bool) -> tuple[date, date]:
    """The period after this one, or the one before: of a whole month the next whole month, else as many days."""
    step = last - first + timedelta(days=1)
    if first.day == 1 and last == month_end(first):
        beside = last + timedelta(days=1) if forward else first - timedelta(days=1)
        return beside.replace(day=1), month_end(beside)
    return (first + step, last + step) if forward else (first - step, last - step)


Days = tuple[date, date]


def whole_months(first: date, last: date, today: date) -> tuple[Days | None, list[Days]]:
    """The whole months within a period (first day of the first, last day of the last; None without any), and the days
    of it before and after them. After today nothing has happened: a month that goes on counts as whole."""
    if last >= today:
        last = max(last, month_end(last))
    begin = first if first.day == 1 else month_end(first) + timedelta(days=1)
    end = last if last == month_end(last) else last.replace(day=1) - timedelta(days=1)
    if begin > end:
        return None, [(first, last)]
    edges = [(first, begin - timedelta(days=1)), (end + timedelta(days=1), last)]
    return (begin, end), [edge for edge in edges if edge[0] <= edge[1]]


# --- Which part of the world? ----------------------------------------------------------------------------------------

LARGEST_ZOOM = 19
_LARGEST_VIEW = 4096  # pixels of a map's side
_FURTHEST = 3600.0  # degrees: ten times round the world
WORLD: Box = (-MERCATOR_LIMIT, -180.0, MERCATOR_LIMIT, 180.0)


@dataclass(frozen=True, slots=True)
class View:
    """A part of the map at a zoom: WGS-84 degrees. `west` and `east` may lie beyond +-180, as a map is scrolled."""

    south: float
    west: float
    north: float
    east: float
    zoom: int

    @classmethod
    def of(cls, box: Box, zoom: int) -> "View":
        """With numbers that a map on a screen can have, so that nobody counts the world in houses. ValueError for what
        is no view."""
        south, west, north, east = box
        if not all(abs(edge) < _FURTHEST for edge in box) or north < south or east < west:
            raise ValueError("not a map view")
        south, north = (min(max(lat, -MERCATOR_LIMIT), MERCATOR_LIMIT) for lat in (south, north))
        if east - west >= 360.0:
            west, east = -180.0, 180.0
        largest = fitting((south, west, north, east), _LARGEST_VIEW, _LARGEST_VIEW, LARGEST_ZOOM)
        return cls(south, west, north, east, min(max(zoom, 1), largest))

    @property
    def ranges(self) -> list[KeyRange] | None:
        """The key ranges of its positions (and of some around it); None where that is the world."""
        if self.east - self.west >= 360.0 and self.south <= -85.0 and self.north >= 85.0:
            return None
        ranges = box_ranges(self.south, self.west, self.north, self.east)
        return None if ranges == [(0, LAST_KEY)] else ranges

    def shows(self, box: Box) -> bool:
        """Whether any of a box (of the world as it is kept, within +-180) is to be seen."""
        south, west, north, east = box
        if south > self.north or north < self.south:
            return False
        return west + 360.0 * math.ceil((self.west - east) / 360.0) <= self.east

    def beside(self, lon: float) -> float:
        """The longitude as the map counts where it is: 181 rather than -179 in a view across the antimeridian. Of two
        that are to be seen the first, and of none the nearest."""
        turned = lon + 360.0 * math.ceil((self.west - lon) / 360.0)
        return turned if turned <= self.east else lon + 360.0 * round(((self.west + self.east) / 2 - lon) / 360.0)


def read_box(text: str) -> Box:
    """South, west, north, east of Leaflet's "west,south,east,north"; ValueError for other text."""
    west, south, east, north = map(float, text[:200].split(","))
    return south, west, north, east


def fitting(box: Box, width: float, height: float, most: int) -> int:
    """The largest zoom, at most `most` and at least 1, at which the box takes no more than so many pixels."""
    south, west, north, east = box
    for zoom in range(most, 1, -1):
        top, bottom = pixel(Position(north, 0.0), zoom)[1], pixel(Position(south, 0.0), zoom)[1]
        if (east - west) / 360.0 * 256 * 2**zoom <= width and bottom - top <= height:
            return zoom
    return 1


# --- Which points become one pin? ------------------------------------------------------------------------------------

MOST_PINS = 150  # of so many each is a pin that tells what it is, where it does not lie over others
CLOSE_ZOOM = 17  # from here on they lie over each other rather than be one: it is one house
SHADED_BELOW = 9  # zoom of a region: pins of single customers say nothing there about who is covered
_APART = 44.0  # pixels between two pins: what a finger needs
HEAT_STEPS = 5


@dataclass(frozen=True, slots=True)
class Count:
    """Points in a tile, and how many of them are uncovered customers."""

    tile: int
    number: int
    uncovered: int = 0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Points that one pin stands for; it stands in their middle (WGS-84)."""

    lat: float
    lon: float
    number: int
    tile: int


def drawn_zoom(zoom: int) -> int:
    """Zoom of the tiles of which each becomes a pin, or is shaded: 64 pixels wide, room for a number."""
    return zoom + 2


def counted_zoom(zoom: int) -> int:
    """Zoom of the tiles that are counted: finer, so that a pin stands amid its points, and even as the kept ones."""
    drawn = drawn_zoom(zoom)
    return drawn + 2 - drawn % 2


def is_covered(last_visit_on: date | None, stale_days: int, today: date) -> bool:
    """Whether a customer was visited within so many days."""
    return last_visit_on is not None and last_visit_on > today - timedelta(days=stale_days)


def seen(counts: Iterable[Count], tile_zoom: int, view: View) -> list[Count]:
    """Those of which something is to be seen."""
    return [each for each in counts if view.shows(tile_box(tile_zoom, each.tile))]


def coarser(counts: Iterable[Count], steps: int) -> list[Count]:
    """The same points in tiles so many zooms farther out."""
    sums: dict[int, tuple[int, int]] = {}
    for each in counts:
        number, uncovered = sums.get(each.tile >> 2 * steps, (0, 0))
        sums[each.tile >> 2 * steps] = number + each.number, uncovered + each.uncovered
    return [Count(tile, *both) for tile, both in sums.items()]


def clusters(counts: Sequence[Count], tile_zoom: int, zoom: int) -> list[Cluster]:
    """One pin for each drawn tile, in the middle of its points; pins that would lie over each other become one. No
    point is lost: the numbers add up to those that were given."""
    shift = 2 * (tile_zoom - drawn_zoom(zoom))
    sums: dict[int, list[float]] = {}
    for each in counts:
        south, west, north, east = tile_box(tile_zoom, each.tile)
        x, y = pixel(Position((south + north) / 2, (west + east) / 2), zoom)
        of_tile = sums.setdefault(each.tile >> shift, [0.0, 0.0, 0.0])
        for n, value in enumerate((1.0, x, y)):
            of_tile[n] += each.number * value
    large = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
    middles = [(x_sum / number, y_sum / number) for _, (number, x_sum, y_sum) in large]
    found = []
    for group in gathered(middles):
        at = at_pixel(*middles[group[0]], zoom)
        found.append(Cluster(at.lat, at.lon, int(sum(large[n][1][0] for n in group)), large[group[0]][0]))
    return found


def gathered(pixels: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Which points (their numbers) share a pin, because pins of their own would lie over each other. The first of each
    has the place; who comes later goes to the nearest."""
    groups: list[list[int]] = []
    near: dict[tuple[int, int], list[int]] = {}
    for n, (x, y) in enumerate(pixels):
        column, row = int(x // _APART), int(y // _APART)
        around = [m for i in (-1, 0, 1) for j in (-1, 0, 1) for m in near.get((column + i, row + j), ())]
        away = [(math.dist(pixels[groups[m][0]], (x, y)), m) for m in around]
        closest = min(away, default=(_APART, 0))
        if closest[0] < _APART:
            groups[closest[1]].append(n)
        else:
            near.setdefault((column, row), []).append(len(groups))
            groups.append([n])
    return groups


def bounds_of(counts: Iterable[Count], tile_zoom: int) -> Box | None:
    """The box around the tiles with any points; None without."""
    boxes = [tile_box(tile_zoom, each.tile) for each in counts]
    if not boxes:
        return None
    south, west, north, east = zip(*boxes, strict=True)
    return min(south), min(west), max(north), max(east)


def heat_step(uncovered: int, number: int) -> int:
    """How strongly a tile is drawn: 0 where every customer was visited, else 1 to HEAT_STEPS by the share of those who
    were not."""
    return math.ceil(uncovered / number * HEAT_STEPS) if number else 0
