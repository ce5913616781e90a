"""One line of time for all days, for engines that know no days.

Days whose visits have the same windows on each of them lie on top of each other, like several reps on one day; else
they lie behind each other.
"""

from app.routing.problem import Problem, Visit, Window, Windows, normal


class Clock:
    def __init__(self, problem: Problem, *, apart: bool = False) -> None:
        """`apart`: behind each other in any case."""
        self._problem = problem
        self.longest = max((day.closes - day.opens for day in problem.days), default=0) + 1
        same = all(len(set(visit.windows)) <= 1 for visit in problem.visits)
        self._zero = min((day.opens for day in problem.days), default=0)
        length = max((day.closes for day in problem.days), default=0) - self._zero + 1
        self._stride = length if apart or not same else 0

    def at(self, day: int, second: int) -> int:
        """A second of that day on the line, which begins with the first shift."""
        return day * self._stride + max(0, second - self._zero)

    def windows(self, visit: Visit) -> Windows:
        """When the visit may begin, of all days, as far as a shift reaches."""
        found: list[Window] = []
        for number, windows in enumerate(visit.windows):
            day = self._problem.days[number]
            for first, last in windows:
                first, last = max(first, day.opens), min(last, day.closes)
                if first <= last:
                    found.append((self.at(number, first), self.at(number, last)))
        return normal(found)

    def lunch(self, day: int) -> Windows:
        """When lunch may begin on that day so that it ends within the shift; () where there is none."""
        shift, lunch = self._problem.days[day], self._problem.days[day].lunch
        if lunch is None:
            return ()
        first, last = max(lunch.earliest, shift.opens), min(lunch.latest, shift.closes - lunch.duration)
        return ((self.at(day, first), self.at(day, last)),) if first <= last else ()
