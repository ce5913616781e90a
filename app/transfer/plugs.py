"""The kinds of tables that the slices plugged in."""

from collections.abc import Iterable

from flask import Flask, current_app

from app.transfer.ports import Target, Targets
from app.web.slice import Slice


def collect(app: Flask, slices: Iterable[Slice]) -> None:
    """Take the targets out of all manifests, at start-up. RuntimeError where two slices claim one kind."""
    found: dict[str, Target] = {}
    for target in (plug for each in slices for plug in each.plugs if isinstance(plug, Target)):
        if target.kind in found:
            raise RuntimeError(f"two targets of imports of the kind {target.kind}")
        found[target.kind] = target
    app.extensions["targets"] = found


def targets() -> Targets:
    """Kind -> target."""
    known: Targets = current_app.extensions["targets"]
    return known
