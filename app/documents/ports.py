"""What the engine asks of a slice that has documents to print."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.kernel.access import Actor


@dataclass(frozen=True, eq=False)  # each is itself: statements are kept by them
class Renderer:
    """One kind of document, plugged in by a slice's manifest.

    `html(subject_id, language)` gives the whole page; it runs in the worker, without a person or a request, and its
    texts come in `language` by themselves. `permission` opens the document's page; `visible(actor, subject_id)` is the
    SQL clause that the row with the id in that column is one that the actor sees. `address(subject_id)` is the page of
    that row, `address(None)` the page that lists them.
    """

    kind: str
    html: Callable[[UUID, str], str]
    permission: str
    visible: Callable[[Actor, Any], Any]
    address: Callable[[UUID | None], str]


Renderers = Mapping[str, Renderer]
