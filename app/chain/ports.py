"""What the chain asks of whoever has rows in it.

A slice that links rows plugs a `Linked` for each kind into its manifest (`Slice.plugs`), and calls `actions.link` in
the action that makes such a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.chain.rules import Facts


@dataclass(frozen=True)
class Linked:
    """How links of a kind are compared with the rows that they tell of.

    `subject` and `rep`: the columns of the link's subject and of whose chain it is in; `rows`: a statement of the
    subject and the models that it is told from; `facts(*models)`: what the last link should say. `must`: the condition
    of the rows that need a link, None: all.
    """

    kind: str
    subject: Any
    rep: Any
    rows: Any
    facts: Callable[..., Facts]
    must: Any = None
