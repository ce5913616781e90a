"""Simulated days of a rep, into which visits are put and from which they are taken."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import permutations
from uuid import UUID

from app.beats.dues import days_worked, gap_of, windows_in, work_seconds
from app.beats.rules import Asked, Booked, Customer, DayLoad, RepWork
from app.planning.rules import DayRun, Shift, Stop, Travel, arrivals, shift_on, start_windows, with_stop
from app.planning.solver import order_of

SMALL_DAY = 4  # visits that nobody divides among two days
DETOUR = 45 * 60  # seconds of driving that a more even week is worth, for each visit that changes its day


def stop_of(customer: Customer, days: Iterable[date], shifts: Mapping[date, Shift], value: int) -> Stop:
    """A visit that may be on any of these days. Its id is that of the account."""
    windows = tuple(window for day in days for window in windows_in(customer, day, shifts[day]))
    return Stop(customer.account_id, customer.position, customer.minutes, windows, value=value)


def stop_booked(visit: Booked, shift: Shift) -> Stop:
    """A visit that has its day, whose shift that is: whoever planned it while the place is closed will know why. Its id
    is its own."""
    inside = ((max(start, shift.starts_at), min(end, shift.ends_at)) for start, end in visit.windows or ())
    open_at = tuple((start, end) for start, end in inside if start < end)
    whole = ((shift.starts_at, shift.ends_at),)
    fitting = open_at if start_windows(open_at, visit.minutes) else whole
    return Stop(visit.visit_id, visit.position, visit.minutes, fitting, visit.fixed_at, must=True)


def shifts_of(work: RepWork, asked: Asked) -> tuple[dict[date, Shift], frozenset[date]]:
    """The shift of each day on which the rep works, or has a visit booked; and which days are worked."""
    hours = replace(work.hours, most_visits=work.most_visits)
    own = days_worked(work, asked)
    booked = Counter(visit.day for visit in work.booked if asked.first_on <= visit.day <= asked.last_on)
    shifts = {}
    for day in sorted({*own, *booked}):
        shift = shift_on(day, hours)
        most = shift.most_stops
        # Who has booked more than the limit wants to.
        shifts[day] = shift if most is None else replace(shift, most_stops=max(most, booked[day]))
    return shifts, frozenset(own)


@dataclass(slots=True)
class Days:
    """The simulated days of a rep. `own` are those that take visits; on others stands only what is booked there.
    `tries` counts how often a day was simulated with one more visit."""

    runs: dict[date, DayRun]
    shifts: Mapping[date, Shift]
    own: frozenset[date]
    travel: Travel
    tries: int = 0

    def copy(self) -> "Days":
        """The same days, of which one can change without the other."""
        return Days(dict(self.runs), self.shifts, self.own, self.travel)

    def on(self, account_id: UUID) -> list[date]:
        """On which days the account has a visit that was not booked."""
        return [day for day, run in self.runs.items() for times in run.stops if times.stop.id == account_id]

    def apart(self, customer: Customer, days: Iterable[date]) -> list[date]:
        """Those of the days that lie half a rhythm from every visit of the account."""
        gap, taken = gap_of(customer.every_days), self.on(customer.account_id)
        return [day for day in days if all(abs((day - other).days) >= gap for other in taken)]

    @property
    def spare_seconds(self) -> int:
        """Of all days that take visits."""
        return sum(load_of(day, self.runs[day], self.shifts[day]).spare_seconds for day in self.own)

    def put_in(self, customer: Customer, days: Iterable[date], most_detour: int | None = None) -> bool:
        """Put a visit of the customer in, on that of the days where it adds the least driving; whether one has room."""
        best: tuple[int, date, DayRun] | None = None
        for day in self.apart(customer, days):
            if day not in self.own:
                continue
            run, shift = self.runs[day], self.shifts[day]
            if load_of(day, run, shift).spare_seconds < 60 * customer.minutes:
                continue
            self.tries += 1
            longer = with_stop(order_of(run), stop_of(customer, [day], self.shifts, 1), shift, self.travel)
            if longer is not None:
                found = longer.travel_seconds - run.travel_seconds, day, longer
                best = min(best or found, found, key=lambda each: each[:2])
        if best is None or (most_detour is not None and best[0] > most_detour):
            return False
        self.runs[best[1]] = best[2]
        return True

    def take_out(self, account_id: UUID, day: date) -> None:
        """Without that visit, which makes the day no longer."""
        self.runs[day] = self._without(account_id, day)

    def even_out(self, days: Sequence[date]) -> None:
        """Visits change among these days to one that has at least two fewer and gets no longer by it than the other
        was; always the one that costs the least driving."""
        while move := self._best_move(days):
            self.runs.update(move)

    def _best_move(self, days: Sequence[date]) -> dict[date, DayRun] | None:
        def more(pair: tuple[date, date]) -> int:
            return len(self.runs[pair[0]].stops) - len(self.runs[pair[1]].stops)

        for full, empty in sorted(permutations(days, 2), key=lambda pair: (-more(pair), pair)):
            if more((full, empty)) < 2:
                return None
            if len(self.runs[full].stops) > SMALL_DAY:
                moves = self._moves(full, empty)
                if moves:
                    return min(moves, key=lambda each: each[0])[1]
        return None

    def _moves(self, full: date, empty: date) -> list[tuple[int, dict[date, DayRun]]]:
        """Each visit that one day can give to the other, with the seconds of driving which that adds."""
        was = self.runs[full].travel_seconds + self.runs[empty].travel_seconds
        longest = _work(self.runs[full])
        found = []
        for stop in order_of(self.runs[full]):
            if not _may_be_on(stop, self.shifts[empty]):
                continue
            longer = with_stop(order_of(self.runs[empty]), stop, self.shifts[empty], self.travel)
            if longer is None or _work(longer) > longest:
                continue
            shorter = self._without(stop.id, full)
            detour = shorter.travel_seconds + longer.travel_seconds - was
            if shorter.is_feasible and detour <= DETOUR:
                found.append((detour, {full: shorter, empty: longer}))
        return found

    def _without(self, stop_id: UUID, day: date) -> DayRun:
        rest = [stop for stop in order_of(self.runs[day]) if stop.id != stop_id]
        return arrivals(rest, self.shifts[day], travel=self.travel)


def load_of(day: date, run: DayRun, shift: Shift) -> DayLoad:
    """What a simulated day holds."""
    visiting = sum(60 * times.stop.visit_minutes for times in run.stops)
    spare = max(0, work_seconds(shift) - visiting - run.travel_seconds)
    return DayLoad(day, len(run.stops), visiting, run.travel_seconds, spare)


def _work(run: DayRun) -> int:
    return run.travel_seconds + sum(60 * times.stop.visit_minutes for times in run.stops)


def _may_be_on(stop: Stop, shift: Shift) -> bool:
    return any(start < shift.ends_at and end > shift.starts_at for start, end in stop.allowed or ())
