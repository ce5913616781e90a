"""What happens while the rep works. A fault `strikes` before the form is opened or just before the tap, has a moment to
do its worst, and is then made good: what is broken is started again, as people do.

A fault has hit where one of its `kinds` was seen at an entry:

- kill-before, kill-after: a post of it was with the server when that died; there is no receipt of it in the database,
  or there is one and the phone got no answer.
- server gone: its post found nobody at the server's port.
- browser: the browser was killed when the entry was on its disk, and the phone had not been told of its end.
- both: the browser and the server were killed during the same post of it.
- cut: the line took its post and hung up, before the server got it or instead of the answer.
- slow: its post took that much longer to its answer.
- sign-in: its post was answered 401.
- double-tap: its form was submitted twice.
- 500: its post was answered 500, 502 or 503, whether or not the server had done it.
- twice: its post was delivered to the server twice and answered twice.
- stray answer: its post was answered by somebody's Wi-Fi, or 429.
- worker: the service worker was stopped as the browser was killed.
"""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.__main__ import World


@dataclass(frozen=True)
class Fault:
    """`strike` is called just before the tap; `early`: it may also be called before the form is opened; `behind`: an
    entry waits already, without a line."""

    name: str
    strike: Callable[["World", random.Random], None]
    kinds: tuple[str, ...]
    early: bool = False
    behind: bool = False
    taps: int = 1


def _strokes(*kinds: str, most: int = 1) -> Callable[["World", random.Random], None]:
    def strike(world: "World", dice: random.Random) -> None:
        world.line.strokes.extend(dice.choice(kinds) for _ in range(dice.randint(1, most)))

    return strike


def _cut(world: "World", _dice: random.Random) -> None:
    world.line.cut = True


def _slow(world: "World", dice: random.Random) -> None:
    world.line.delay_s = (0.5, dice.choice((1.0, 3.0, 6.0)))


def _sign_in_lost(world: "World", _dice: random.Random) -> None:
    assert world.phone.context is not None
    world.phone.context.clear_cookies()


def _killed_once_kept(world: "World", dice: random.Random) -> None:
    delay = dice.choice((0.0, 0.0, dice.uniform(0, 0.01), dice.uniform(0, 0.2)))
    if delay:
        world.line.delay_s = (0.2, 0.6)  # so that it is in the middle of sending, half of it with the answer on its way
    world.rep.also_on_kept = threading.Timer(delay, world.kill_phone).start


def _killed_around_the_tap(world: "World", dice: random.Random) -> None:
    threading.Timer(dice.uniform(0.0, 0.25), world.kill_phone).start()


def _worker_stopped(world: "World", dice: random.Random) -> None:
    world.line.delay_s = (0.9, 1.5)  # as above
    world.stop_worker_s = dice.uniform(0.05, 0.8)


def _nothing(_world: "World", _dice: random.Random) -> None:
    pass


FAULTS = (
    Fault("server killed before commit", _strokes("die before"), ("kill-before",)),
    Fault("server killed after commit", _strokes("die after"), ("kill-after",)),
    Fault("server killed somewhere", _strokes("die anyhow"), ("kill-before", "kill-after")),
    Fault("server gone", lambda world, _dice: world.server.kill(), ("server gone",), early=True),
    Fault("browser killed once kept", _killed_once_kept, ("browser",)),
    Fault("browser killed around the tap", _killed_around_the_tap, ("browser",), behind=True),
    Fault("browser killed while sending", _strokes("phone"), ("browser",)),
    Fault("both killed", _strokes("phone die before", "phone die after"), ("both",)),
    Fault("cut", _cut, ("cut",), early=True),
    Fault("cut before it arrives", _strokes("cut before", most=3), ("cut",)),
    Fault("cut before the answer", _strokes("cut after", most=2), ("cut",)),
    Fault("slow", _slow, ("slow",), early=True),
    Fault("sign-in lost", _sign_in_lost, ("sign-in",)),
    Fault("double tap", _nothing, ("double-tap",), taps=2),
    Fault("500s", _strokes("500", "502", "503", "502 after", most=3), ("500",)),
    Fault("delivered twice", _strokes("twice", "twice at once"), ("twice",)),
    Fault("stray answer", _strokes("captive", "captive redirect", "429", most=2), ("stray answer",)),
    Fault("service worker stopped", _worker_stopped, ("worker",)),
)


def dealt(dice: random.Random) -> Iterator[Fault]:
    """Faults without end, each as often as any other."""
    while True:
        yield from dice.sample(FAULTS, len(FAULTS))
