"""All territories at once: which one an account belongs to, for thousands of accounts in one question."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import numpy as np
import shapely
from shapely import STRtree

from app.territories.rules import POSITION, RULE, Rule, RuleBook, Told
from app.territories.shapes import Area, as_area, km2_of

LEAST_CROSSING_KM2, LEAST_CROSSING = 0.05, 1e-3  # less is the width of two outlines of one border
MOST_CROSSINGS = 500


@dataclass(frozen=True, slots=True)
class Region:
    """A live territory: its outline, if it has one, its square kilometres and its rule."""

    id: UUID
    area: Area | None
    km2: float
    rule: Rule


class Account(Told, Protocol):
    """What is asked of an account: what a rule asks, and where its main place is (WGS-84)."""

    lat: float | None
    lon: float | None


Found = tuple[UUID | None, str | None]
"""Territory and how, or twice None."""


class Atlas:
    """The regions, prepared. Of outlines that overlap the smaller one counts, then the older territory."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self.regions = regions
        placed = [(each.km2, each.id, each.area) for each in regions if each.area is not None]
        placed.sort(key=lambda each: each[:2])
        self._ids = [territory for _, territory, _ in placed]
        self._areas = np.array([area for *_, area in placed], dtype=object)
        shapely.prepare(self._areas)
        self._rules = RuleBook((each.id, each.rule) for each in sorted(regions, key=lambda each: each.id))

    def find(self, accounts: Sequence[Account], overlaps: Counter[tuple[UUID, UUID]] | None = None) -> list[Found]:
        """For each account the territory that it belongs to by rule or by position. `overlaps` is added how many
        accounts lie within both of two outlines, the smaller one first."""
        by_position = self._by_position(accounts, overlaps)
        found: list[Found] = []
        for account, place in zip(accounts, by_position, strict=True):
            ruled = self._rules.find(account) if self._rules else None
            if ruled is not None:
                found.append((ruled, RULE))
            else:
                found.append((self._ids[place], POSITION) if place >= 0 else (None, None))
        return found

    def _by_position(self, accounts: Sequence[Account], overlaps: Counter[tuple[UUID, UUID]] | None) -> Any:
        """The number of the smallest outline around each account, -1 for none."""
        first = np.full(len(accounts), len(self._ids), dtype=int)
        rows = np.array([n for n, each in enumerate(accounts) if each.lat is not None], dtype=int)
        if len(rows) and self._ids:
            points = shapely.points([(accounts[n].lon, accounts[n].lat) for n in rows])
            area, point = STRtree(points).query(self._areas, predicate="intersects")
            np.minimum.at(first, rows[point], area)
            if overlaps is not None:
                self._count_overlaps(area, point, overlaps)
        return np.where(first < len(self._ids), first, -1)

    def _count_overlaps(self, area: Any, point: Any, overlaps: Counter[tuple[UUID, UUID]]) -> None:
        several: Any = np.isin(point, np.flatnonzero(np.bincount(point) > 1)) if len(point) else []
        around: dict[int, list[int]] = {}
        for a, p in zip(area[several], point[several], strict=True):
            around.setdefault(int(p), []).append(int(a))
        for areas in around.values():
            ordered = sorted(areas)
            overlaps.update(
                (self._ids[a], self._ids[b]) for n, a in enumerate(ordered) for b in ordered[n + 1 :]
            )  # fmt: skip

    @cached_property
    def crossings(self) -> list[tuple[UUID, UUID, float]]:
        """Pairs of outlines that overlap, the smaller one first, with square kilometres, the largest first.

        What two drawings of the same border differ by is left out.
        """
        if not self._ids:
            return []
        one, other = STRtree(self._areas).query(self._areas, predicate="intersects")
        km2 = {each.id: each.km2 for each in self.regions}
        found = []
        for a, b in zip(one.tolist(), other.tolist(), strict=True):
            if a >= b:
                continue
            size = km2_of(shapely.intersection(self._areas[a], self._areas[b]))
            if size >= max(LEAST_CROSSING_KM2, LEAST_CROSSING * km2[self._ids[a]]):
                found.append((self._ids[a], self._ids[b], size))
        return sorted(found, key=lambda each: -each[2])[:MOST_CROSSINGS]

    def common(self, one: UUID, other: UUID) -> Area | None:
        """What two outlines have in common."""
        areas: Mapping[UUID, Any] = dict(zip(self._ids, self._areas, strict=True))
        if one not in areas or other not in areas:
            return None
        return as_area(shapely.intersection(areas[one], areas[other]))
