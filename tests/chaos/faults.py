"""What happens while the rep works. A fault `strikes` before the form is opened or just before the tap, has a moment to
do its worst, and is then made good: what is broken is started again, as people do."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.__main__ import World


@dataclass(frozen=True)
class Fault:
    """`strike` is called just before the tap; `early`: it may also be called before the form is opened."""

    name: str
    strike: Callable[["World", random.Random], None]
    early: bool = False
    taps: int = 1


def _strokes(*kinds: str, most: int = 1) -> Callable[["World", random.Random], None]:
    def strike(world: "World", dice: random.Random) -> None:
        world.line.strokes.extend(dice.choice(kinds) for _ in range(dice.randint(1, most)))

    return strike


def _cut(world: "World", _dice: random.Random) -> None:
    world.line.cut = True


def _slow(world: "World", dice: random.Random) -> None:
    world.line.delay_s = (0.2, dice.choice((1.0, 3.0, 6.0)))


def _sign_in_lost(world: "World", _dice: random.Random) -> None:
    assert world.phone.context is not None
    world.phone.context.clear_cookies()


def _killed_once_kept(world: "World", dice: random.Random) -> None:
    delay = dice.choice((0.0, 0.0, dice.uniform(0, 0.01), dice.uniform(0, 0.2)))
    world.rep.also_on_kept = world.phone.kill if not delay else threading.Timer(delay, world.phone.kill).start


def _killed_around_the_tap(world: "World", dice: random.Random) -> None:
    threading.Timer(dice.uniform(0.0, 0.25), world.phone.kill).start()


def _both_killed(world: "World", dice: random.Random) -> None:
    world.line.strokes.append(dice.choice(("die before", "die after")))
    _killed_once_kept(world, dice)


def _worker_stopped(world: "World", dice: random.Random) -> None:
    world.line.delay_s = (0.3, 1.0)  # so that it is in the middle of sending
    world.stop_worker_s = dice.uniform(0.05, 0.8)


def _nothing(_world: "World", _dice: random.Random) -> None:
    pass


FAULTS = (
    Fault("server killed before commit", _strokes("die before")),
    Fault("server killed after commit", _strokes("die after")),
    Fault("server killed somewhere", _strokes("die anyhow")),
    Fault("server gone", lambda world, _dice: world.server.kill(), early=True),
    Fault("browser killed once kept", _killed_once_kept),
    Fault("browser killed around the tap", _killed_around_the_tap),
    Fault("browser killed while sending", _strokes("phone")),
    Fault("both killed", _both_killed),
    Fault("cut", _cut, early=True),
    Fault("cut before it arrives", _strokes("cut before", most=3)),
    Fault("cut before the answer", _strokes("cut after", most=2)),
    Fault("slow", _slow, early=True),
    Fault("sign-in lost", _sign_in_lost),
    Fault("double tap", _nothing, taps=2),
    Fault("500s", _strokes("500", "502", "503", "429", "502 after", most=3)),
    Fault("delivered twice", _strokes("twice", "twice at once")),
    Fault("captive portal", _strokes("captive", "captive redirect", most=2)),
    Fault("service worker stopped", _worker_stopped),
)
