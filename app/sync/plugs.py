"""What the slices carry, taken out of their manifests."""

from collections.abc import Iterable

from flask import Flask, current_app

from app.sync.ports import Carried
from app.web.slice import Slice


def collect(app: Flask, slices: Iterable[Slice]) -> None:
    """Take it out of all manifests, at start-up."""
    app.extensions["carried"] = tuple(plug for each in slices for plug in each.plugs if isinstance(plug, Carried))


def carried() -> tuple[Carried, ...]:
    """What each slice carries, lowest slice first."""
    found: tuple[Carried, ...] = current_app.extensions["carried"]
    return found
