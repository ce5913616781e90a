"""The kinds of links that the slices plugged in."""

from collections.abc import Iterable

from flask import Flask, current_app

from app.chain.ports import Linked
from app.web.slice import Slice


def collect(app: Flask, slices: Iterable[Slice]) -> None:
    """Take them out of all manifests, at start-up. RuntimeError where two kinds have one name."""
    found = tuple(plug for each in slices for plug in each.plugs if isinstance(plug, Linked))
    kinds = [each.kind for each in found]
    twice = {kind for kind in kinds if kinds.count(kind) > 1}
    if twice:
        raise RuntimeError(f"several kinds of links are called {', '.join(sorted(twice))}")
    app.extensions["linked"] = found


def linked() -> tuple[Linked, ...]:
    """Every kind whose rows can be compared, lowest slice first."""
    found: tuple[Linked, ...] = current_app.extensions["linked"]
    return found
