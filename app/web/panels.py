"""Panels: a lower slice's page shows parts of higher slices without knowing them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Flask, current_app, render_template
from markupsafe import Markup

from app.kernel.access import Actor
from app.web.slice import Panel, Slice


def hang(app: Flask, slices: Iterable[Slice]) -> None:
    """Hang every slice's panels into their slots, in order."""
    slots: dict[str, list[Panel]] = {}
    for panel in sorted((panel for each in slices for panel in each.panels), key=lambda panel: panel.order):
        slots.setdefault(panel.slot, []).append(panel)
    app.extensions["panels"] = slots


def panels_of(slot: str, actor: Actor, subject: UUID) -> list[dict[str, Any]]:
    """What hangs in `slot` for this row: dicts with `template` and the panel's own context, in order."""
    hung: list[Panel] = current_app.extensions["panels"].get(slot, [])
    found = []
    for panel in hung:
        if actor.may(panel.permission):
            context = panel.load(actor, subject)
            if context is not None:
                found.append({"template": panel.template, **context})
    return found


def shown_in(slot: str, actor: Actor, subject: UUID) -> list[Markup]:
    """The same, rendered: what a page puts where the slot is."""
    return [
        Markup(render_template(panel.pop("template"), **panel))  # noqa: S704 - the template has escaped it
        for panel in panels_of(slot, actor, subject)
    ]
