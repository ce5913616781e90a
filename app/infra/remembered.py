"""Travel times that were worked out already, in the memory of each process, bounded and thread-safe.

Matrices are remembered whole, under their source, its version and the positions to five decimals (1 m). 800,000 numbers
are ten matrices of 200 x 200, or a thousand days, and some 30 MB. The database would take longer to give a matrix back
than the engine takes to make it.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from app.kernel.geo import Position
from app.kernel.travel import Leg, Matrix, Source, TravelTimes

MOST_NUMBERS = 800_000
_LEG = 100  # a leg's line takes about as much as so many numbers


class Memory:
    """The latest answers, the longest unused forgotten first."""

    def __init__(self, most: int = MOST_NUMBERS) -> None:
        self._most = most
        self._numbers = 0
        self._lock = Lock()
        self._kept: OrderedDict[Any, tuple[Any, int]] = OrderedDict()

    def get(self, key: Any, numbers: int, find: Callable[[], Any]) -> Any:
        """What is kept under the key, else what `find` finds, which is then kept if it is not too large."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        found = find()  # two who ask at once find it twice; nobody waits for another's server
        with self._lock:
            if key not in self._kept and numbers <= self._most:
                self._kept[key] = found, numbers
                self._numbers += numbers
                while self._numbers > self._most:
                    self._numbers -= self._kept.popitem(last=False)[1][1]
        return found

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, slots=True)
class Remembered:
    """A source that answers from memory where it can."""

    times: TravelTimes
    memory: Memory

    @property
    def source(self) -> Source:
        return self.times.source

    @property
    def version(self) -> str:
        return self.times.version

    def matrix(self, positions: Sequence[Position]) -> Matrix:
        rounded = [_rounded(position) for position in positions]
        key = (self.source, self.version, tuple((position.lat, position.lon) for position in rounded))
        found: Matrix = self.memory.get(key, 2 * len(rounded) ** 2, lambda: self.times.matrix(rounded))
        return found

    def leg(self, origin: Position, target: Position) -> Leg:
        ends = _rounded(origin), _rounded(target)
        key = (self.source, self.version, ends)
        found: Leg = self.memory.get(key, _LEG, lambda: self.times.leg(*ends))
        return found


def _rounded(position: Position) -> Position:
    return Position(round(position.lat, 5), round(position.lon, 5))
