"""What a visit is worth to a plan. One rule for everybody, which the page shows (RULE).

The points of the class are twice what classes are worth to each other (A three times C), so that a week of being
overdue weighs less than a class; who is very late, or waits for an answer to a quote, comes before a better class.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.kernel.i18n import N_

CLASS_POINTS: Mapping[str, int] = {"A": 6, "B": 4, "C": 2}
DUE_POINTS = 1  # from the day on that a visit is due
WEEK_POINTS, MOST_WEEKS = 1, 4  # more for each full week that it is overdue, at most so many
BUSINESS_POINTS = 3  # for an open quote


RULE = N_(
    "A visit counts %(a)s points for class A, %(b)s for B, %(c)s for C; %(due)s when it is due and %(week)s more for "
    "each week that it is overdue, for %(weeks)s weeks at most; %(business)s for an open quote. The best order makes "
    "first the visits that have to be, then the most points, then the least driving."
)
RULE_PARAMS = {
    "a": CLASS_POINTS["A"], "b": CLASS_POINTS["B"], "c": CLASS_POINTS["C"], "due": DUE_POINTS, "week": WEEK_POINTS,
    "weeks": MOST_WEEKS, "business": BUSINESS_POINTS,
}  # fmt: skip


class Part(StrEnum):
    """What points are for."""

    CLASS = "class"
    DUE = "due"
    BUSINESS = "business"


PART_NAMES = {
    Part.CLASS: N_("class %(rating)s (%(points)s)"),
    Part.DUE: N_("due since %(day)s (%(points)s)"),
    Part.BUSINESS: N_("open quote (%(points)s)"),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """What is known of an account on the day of a plan; `due_on` None where no visit is due by then."""

    rating: str
    due_on: date | None
    day: date
    has_business: bool

    @property
    def parts(self) -> Sequence[tuple[Part, int]]:
        """The points, each with what they are for."""
        found = [(Part.CLASS, CLASS_POINTS[self.rating])]
        if self.due_on is not None and self.due_on <= self.day:
            weeks = (self.day - self.due_on).days // 7
            found.append((Part.DUE, DUE_POINTS + WEEK_POINTS * min(weeks, MOST_WEEKS)))
        if self.has_business:
            found.append((Part.BUSINESS, BUSINESS_POINTS))
        return found

    @property
    def value(self) -> int:
        """The sum of the points."""
        return sum(points for _, points in self.parts)
