"""The kinds of links, as the slices plug them in."""

import pytest
from flask import Flask

from app.chain.plugs import collect, linked
from app.chain.ports import Linked
from app.chain.rules import Facts
from app.web.slice import Slice


def nothing(*_rows: object) -> Facts:
    return {}


def plugged(kind: str) -> Slice:
    return Slice(kind, plugs=(Linked(kind, None, None, None, nothing), "a plug of another engine"))


def test_every_slice_is_asked_and_the_lowest_comes_first() -> None:
    app = Flask(__name__)
    collect(app, [plugged("counted"), plugged("weighed")])
    with app.app_context():
        assert [each.kind for each in linked()] == ["counted", "weighed"]


def test_two_kinds_of_one_name_stop_the_start_up() -> None:
    with pytest.raises(RuntimeError, match="counted"):
        collect(Flask(__name__), [plugged("counted"), plugged("counted")])
