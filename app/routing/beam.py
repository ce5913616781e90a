"""One day by a beam search: days grow stop by stop, and of those with equally many stops the most promising go on.

A bounded dynamic programme (Malandraki & Dial 1996), as arrays. Unlike the engines it knows every rule: several
windows, lunch at any moment of a leg, musts, the most stops. A label is a day as far as it is planned; of two with the
same visits in them and the same last one the earlier stays. Promising is what has collected much for the time spent.

Looking backwards from the evening finds other days than looking forwards, so a day's `Table` can be mirrored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.routing.problem import Lunch, Order, Problem

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_FAR = 1 << 40
_MORE = 4  # so many times the beam's width is looked at closely
_KEYS = np.random.default_rng(20).integers(0, 1 << 62, 4096)  # a set's key is the xor of those of its members
_EATEN = 1 << 61


@dataclass(frozen=True, slots=True)
class Table:
    """A day for n candidates with w windows at most: seconds, in the shapes (n,), (n, n) and (w, n)."""

    visits: tuple[int, ...]
    out: Numbers
    between: Numbers
    back: Numbers
    service: Numbers
    first: Numbers
    last: Numbers
    prize: Numbers
    must: Flags
    opens: int
    closes: int
    lunch: Lunch | None
    stops: int

    def mirrored(self) -> "Table":
        """The same day backwards: a visit that began at t ends at -t. A lunch is then always had."""
        lunch = self.lunch
        if lunch is not None:
            lunch = Lunch(-lunch.latest - lunch.duration, -lunch.earliest - lunch.duration, lunch.duration)
        return replace(
            self,
            out=self.back,
            between=self.between.T.copy(),
            back=self.out,
            first=np.where(self.first <= self.last, -self.last - self.service, _FAR)[::-1],
            last=np.where(self.first <= self.last, -self.first - self.service, -_FAR)[::-1],
            opens=-self.closes,
            closes=-self.opens,
            lunch=lunch,
        )


def table(problem: Problem, travel: Numbers, number: int, visits: Iterable[int], musts: frozenset[int]) -> Table:
    """Day `number` of the problem for these visits, of which `musts` have to be in it; `travel` is its matrix."""
    day = problem.days[number]
    chosen = tuple(visit for visit in visits if problem.visits[visit].windows[number])
    rows = [problem.visits[visit] for visit in chosen]
    nodes = np.array([row.node for row in rows], dtype=np.int64)
    service = np.array([row.service for row in rows], dtype=np.int64)
    back = travel[nodes, day.end]
    most = max((len(row.windows[number]) for row in rows), default=1)
    first = np.full((most, len(rows)), _FAR)
    last = np.full((most, len(rows)), -_FAR)
    for place, row in enumerate(rows):
        for which, (opens, closes) in enumerate(row.windows[number]):
            first[which, place], last[which, place] = opens, closes
    lunch = day.lunch
    if lunch is not None and lunch.unless_over and day.opens > lunch.latest:
        lunch = None
    return Table(
        visits=chosen,
        out=travel[day.start, nodes],
        between=travel[np.ix_(nodes, nodes)],
        back=back,
        service=service,
        first=first,
        last=last,
        prize=np.array([row.prize for row in rows], dtype=np.int64),
        must=np.array([visit in musts for visit in chosen], dtype=np.bool_),
        opens=day.opens,
        closes=day.closes,
        lunch=lunch,
        stops=len(rows) if day.max_stops is None else min(day.max_stops, len(rows)),
    )


@dataclass(frozen=True, slots=True)
class _Labels:
    """So many days as far as planned: k of them, and for each and candidate whether it is `visited`."""

    time: Numbers  # when the last visit is over
    prize: Numbers
    worth: NDArray[np.float64]  # the prizes, and something for each must
    travel: Numbers
    last: Numbers
    key: Numbers
    eaten: Flags
    visited: Flags


def best(day: Table, width: int, per_second: float, per_travel: float = 0.0, per_must: float = 0.0) -> Order | None:
    """The day with all of its musts, the greatest sum of prizes and then the least travel that the beam came across;
    None where it met none with all musts.

    `per_second` is how much prize a second is thought to be worth when days are compared that are not equally far,
    `per_travel` the same for a second of driving. Visits of a must count what their time would be worth.
    """
    size = len(day.visits)
    every = int(day.must.sum())
    found: tuple[tuple[int, int], int, int, int] | None = None
    steps: list[tuple[Numbers, Numbers]] = []
    worth = day.prize.astype(np.float64)
    worth[day.must] = per_must
    nothing = np.zeros(1, dtype=np.int64)
    labels = _Labels(
        time=nothing + day.opens,
        prize=nothing,
        worth=nothing.astype(np.float64),
        travel=nothing,
        last=nothing,
        key=nothing,
        eaten=np.array([day.lunch is None]),
        visited=np.zeros((1, size), dtype=np.bool_),
    )
    for step in range(day.stops):
        grown = _grown(day, labels, worth, first=step == 0)
        if grown is None:
            break
        rows, cols, new = grown
        left = every - labels.visited[:, day.must].sum(axis=1)[rows] - day.must[cols]
        whole = (left == 0) & _home(day, new)
        if whole.any():
            total = np.where(whole, new.prize, -1)
            most = int(np.max(total))
            driven = np.where(total == most, new.travel + day.back[new.last], _FAR)
            at = int(np.argmin(driven))
            value = (most, -int(driven[at]))
            if found is None or value > found[0]:
                found = (value, step, int(rows[at]), int(cols[at]))
        score = new.worth - per_second * new.time - per_travel * new.travel
        room = left <= day.stops - step - 1
        chosen = _chosen(day, labels, rows, new, score, room, left, width)
        if not len(chosen):
            break
        steps.append((rows[chosen], cols[chosen]))
        visited = labels.visited[rows[chosen]]
        visited[np.arange(len(chosen)), cols[chosen]] = True
        labels = replace(_taken(new, chosen), visited=visited)
    if found is None:
        return () if every == 0 else None
    _, step, row, col = found
    order = [col]
    for rows, cols in reversed(steps[:step]):
        order.append(int(cols[row]))
        row = int(rows[row])
    return tuple(day.visits[place] for place in reversed(order))


def _grown(
    day: Table, labels: _Labels, worth: NDArray[np.float64], *, first: bool
) -> tuple[Numbers, Numbers, _Labels] | None:
    """Every label with every further visit that keeps the rules: which label, which visit, and the new labels."""
    leg = np.broadcast_to(day.out, labels.visited.shape) if first else day.between[labels.last]
    arrive = np.where(labels.visited, _FAR, labels.time[:, None] + leg)
    start = _starts(day, arrive)
    if day.lunch is None:
        rows, cols = np.nonzero(start < _FAR)
        begun, eaten = start[rows, cols], np.ones(len(rows), dtype=np.bool_)
    else:
        lunch = day.lunch
        # Who has not eaten by the latest time has no lunch any more.
        rows, cols = np.nonzero((start < _FAR) & (labels.eaten[:, None] | (start + day.service <= lunch.latest)))
        at = np.maximum(labels.time, lunch.earliest)[:, None]
        ready = np.maximum(arrive, at) + lunch.duration
        hungry = ~labels.eaten & (labels.time <= lunch.latest)
        after = _starts(day, np.where(hungry[:, None] & ~labels.visited, ready, _FAR))
        more_rows, more_cols = np.nonzero(after < _FAR)
        begun = np.concatenate([start[rows, cols], after[more_rows, more_cols]])
        eaten = np.concatenate([labels.eaten[rows], np.ones(len(more_rows), dtype=np.bool_)])
        rows, cols = np.concatenate([rows, more_rows]), np.concatenate([cols, more_cols])
    if not len(rows):
        return None
    new = _Labels(
        time=begun + day.service[cols],
        prize=labels.prize[rows] + np.where(day.must[cols], 0, day.prize[cols]),
        worth=labels.worth[rows] + worth[cols],
        travel=labels.travel[rows] + leg[rows, cols],
        last=cols,
        key=labels.key[rows] ^ _KEYS[cols % len(_KEYS)],
        eaten=eaten,
        visited=labels.visited[:0],  # made for those that stay
    )
    return rows, cols, new


def _starts(day: Table, ready: Numbers) -> Numbers:
    """When each visit begins for someone who is there at `ready` (k, n); _FAR where it cannot."""
    start = np.full(ready.shape, _FAR)
    for first, last in zip(day.first[::-1], day.last[::-1], strict=True):
        np.copyto(start, np.maximum(ready, first), where=ready <= last)
    return start


def _home(day: Table, new: _Labels) -> Flags:
    """Whether the day can end here."""
    arrive = new.time + day.back[new.last]
    alright: Flags = new.eaten & (arrive <= day.closes)
    if day.lunch is not None:
        at = np.maximum(new.time, day.lunch.earliest)
        eating = (at <= day.lunch.latest) & (np.maximum(arrive, at) + day.lunch.duration <= day.closes)
        alright |= ~new.eaten & eating
        if day.lunch.unless_over:
            alright |= arrive <= min(day.lunch.latest, day.closes)
    return alright


def _chosen(
    day: Table,
    labels: _Labels,
    rows: Numbers,
    new: _Labels,
    score: NDArray[np.float64],
    room: Flags,
    left: Numbers,
    width: int,
) -> Numbers:
    """Which of the new labels go on: the best `width` that are not worse than another and can still make each must."""
    alive = np.nonzero(room & (new.time + day.back[new.last] <= day.closes))[0]
    if len(alive) > _MORE * width:
        alive = alive[np.argpartition(-score[alive], _MORE * width)[: _MORE * width]]
    if left.any():
        alive = alive[_in_time(day, labels, rows[alive], _taken(new, alive), left[alive])]
    key = new.key ^ np.where(new.eaten, _EATEN, 0)
    order = alive[np.lexsort((new.travel[alive], new.time[alive], key[alive], new.last[alive]))]
    again = (key[order][1:] == key[order][:-1]) & (new.last[order][1:] == new.last[order][:-1])
    order = order[np.concatenate([[True], ~again])] if len(order) else order
    return order[np.argsort(-score[order], kind="stable")[:width]]


def _in_time(day: Table, labels: _Labels, rows: Numbers, new: _Labels, left: Numbers) -> Flags:
    """Whether each must that is left could be the next, and all of them together are not longer than the day."""
    musts = np.nonzero(day.must)[0]
    open_ = ~labels.visited[np.ix_(rows, musts)] & (new.last[:, None] != musts)
    ready = new.time[:, None] + day.between[np.ix_(new.last, musts)]
    latest = day.last[:, musts].max(axis=0)
    lengths = (open_ * day.service[musts]).sum(axis=1)
    fits: Flags = ((ready <= latest) | ~open_).all(axis=1) & ((new.time + lengths <= day.closes) | (left == 0))
    return fits


def _taken(labels: _Labels, which: Any) -> _Labels:
    return replace(
        labels,
        time=labels.time[which],
        prize=labels.prize[which],
        worth=labels.worth[which],
        travel=labels.travel[which],
        last=labels.last[which],
        key=labels.key[which],
        eaten=labels.eaten[which],
    )
