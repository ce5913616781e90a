"""The measures that the slices plugged in."""

from collections.abc import Iterable

from flask import Flask, current_app

from app.dashboards.ports import Measure
from app.kernel.access import Actor
from app.web.slice import Slice


def collect(app: Flask, slices: Iterable[Slice]) -> None:
    """Take the measures out of all manifests, at start-up, lowest slice first. RuntimeError where two measures or two
    figures have one key."""
    found = tuple(plug for each in slices for plug in each.plugs if isinstance(plug, Measure))
    for keys in ([each.key for each in found], [figure.key for each in found for figure in each.figures]):
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise RuntimeError(f"several measures or figures are called {', '.join(sorted(twice))}")
    app.extensions["measures"] = found


def measures(actor: Actor) -> tuple[Measure, ...]:
    """Those that the actor may see."""
    found: tuple[Measure, ...] = current_app.extensions["measures"]
    return tuple(each for each in found if actor.may(each.permission))
