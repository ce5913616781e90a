"""The manifest of a slice: what it offers to the rest of the house."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import click
from flask import Blueprint

from app.infra.queue import JobKind
from app.kernel.access import Actor


@dataclass(frozen=True)
class MenuItem:
    """A way into the slice. `place`: tabs (bottom bar on a phone) or more; `order` sorts; `group` heads the sidebar.

    `home`: the lowest among a person's items is where they start. `covers`: beginnings of further addresses that belong
    to it, such as "/visits/".
    """

    label: str  # msgid
    endpoint: str
    icon: str
    permission: str
    place: str
    group: str  # msgid
    order: int
    home: int = 99
    covers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A part hung into another slice's page. `load(actor, subject)` gives the template's context, None hides it; the
    subject is the id of the page's row, or what the slot says instead.

    `slots(actor, subject_id)`: what a phone that has opened the page keeps of the row (app/sync/ports.py).
    """

    slot: str
    order: int
    permission: str
    template: str
    load: Callable[[Actor, Any], dict[str, Any] | None]
    slots: Callable[[Actor, UUID], dict[str, str]] | None = None


@dataclass(frozen=True)
class Slice:
    """One vertical slice."""

    name: str
    blueprints: Sequence[Blueprint] = ()
    menu: Sequence[MenuItem] = ()
    panels: Sequence[Panel] = ()
    jobs: Sequence[JobKind] = ()
    commands: Sequence[click.Command] = ()
    plugs: Sequence[Any] = field(default=())
