"""Where people start: GET /."""

from collections.abc import Callable
from typing import Any

from tests.conftest import Browser, Cast


def test_everybody_starts_at_their_work(cast: Cast, browser: Callable[[Any], Browser]) -> None:
    starts = {who.name: browser(who).get("/").location for who in (cast.rita, cast.mona, cast.otto, cast.ada)}
    assert starts == {"Rita": "/today", "Mona": "/board", "Otto": "/contracts", "Ada": "/board"}
    assert browser(None).get("/").location.startswith("/sign-in")
