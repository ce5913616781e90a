"""Panels: a lower slice's page shows parts of higher slices without knowing them."""

from collections.abc import Iterable
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


def shown_in(slot: str, actor: Actor, subject: UUID | str) -> list[Markup]:
    """What hangs in `slot` for this row (or class of rows), rendered and in order: a page puts it where the slot is."""
    loaded = [(panel, panel.load(actor, subject)) for panel in _hung(slot, actor)]
    return [
        Markup(render_template(panel.template, **context))  # noqa: S704 - the template has escaped it
        for panel, context in loaded
        if context is not None
    ]


def known_in(slot: str, actor: Actor, subject: UUID) -> dict[str, str]:
    """What a phone keeps of this row beside its page, as the slices say whose panels hang there."""
    known: dict[str, str] = {}
    for panel in _hung(slot, actor):
        if panel.slots is not None:
            known |= panel.slots(actor, subject)
    return known


def _hung(slot: str, actor: Actor) -> list[Panel]:
    hung: list[Panel] = current_app.extensions["panels"].get(slot, [])
    return [panel for panel in hung if actor.may(panel.permission)]
