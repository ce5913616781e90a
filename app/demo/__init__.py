"""The demo company: a fictional firm, made by the same actions that its people use."""

from collections.abc import Callable


def seed_once(say: Callable[[str], None]) -> None:
    """Make the demo company where there is no company yet; `say` gets lines of progress."""


def sign_ins() -> str:
    """The demo's sign-ins, a line each."""
    return ""
