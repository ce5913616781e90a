"""Talk upward within a transaction: a slice tells which of its rows changed, and whoever listens hears it at once.

What hears is plugged into a slice's manifest; it should ask for work (`app.infra.queue.enqueue`), not do it.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Listener:
    """`hear(ids)` is called inside the transaction in which rows of this kind ("account") changed."""

    about: str
    hear: Callable[[Collection[UUID]], None]


_listening: dict[str, tuple[Listener, ...]] = {}


def listen(listeners: Iterable[Listener]) -> None:
    """From now on these are told, and no others: at start-up."""
    _listening.clear()
    for each in listeners:
        _listening[each.about] = (*_listening.get(each.about, ()), each)


def tell(about: str, ids: Collection[UUID]) -> None:
    """These rows changed."""
    for listener in _listening.get(about, ()) if ids else ():
        listener.hear(ids)
