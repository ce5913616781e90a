"""Guesses, passwords and the tree of teams."""

from uuid import UUID

import pytest

from app.identity.permissions import REACH_WORDS, ROLES, WORDS, P
from app.identity.rules import (
    GUESSES_PER_ADDRESS,
    GUESSES_PER_EMAIL,
    check_parent,
    check_password,
    fold_email,
    in_order,
    must_wait,
    team_and_below,
    tree_of,
)
from app.kernel.access import Reach
from app.kernel.errors import InvalidError

TOP, LEFT, RIGHT, LEAF = (UUID(int=n) for n in range(1, 5))
PARENTS = [(TOP, None), (LEFT, TOP), (RIGHT, TOP), (LEAF, LEFT)]
TEAMS = [(TOP, "Sales", None), (RIGHT, "Britain", TOP), (LEFT, "China", TOP), (LEAF, "Shanghai", LEFT)]


@pytest.mark.parametrize(
    "password",
    ["short", "aaaaaaaaaaaa", "abababababab", "rita@harbour.example", "RITA@harbour.EXAMPLE", "x" * 150 + "abcd" * 20],
)
def test_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_password(password, "rita@harbour.example")
    assert refused.value.field == "password"


def test_length_is_enough_for_a_password() -> None:
    check_password("a sentence that one remembers", "rita@harbour.example")
    check_password("一二三四五六七八九十", "rita@harbour.example")


def test_an_e_mail_is_one_however_it_is_typed() -> None:
    assert fold_email("  Rita@Harbour.EXAMPLE ") == fold_email("ｒｉｔａ@harbour.example") == "rita@harbour.example"


def test_guessing_is_slowed_down_for_the_e_mail_and_for_the_address() -> None:
    assert not must_wait(GUESSES_PER_EMAIL - 1, GUESSES_PER_ADDRESS - 1)
    assert must_wait(GUESSES_PER_EMAIL, 0)
    assert must_wait(0, GUESSES_PER_ADDRESS)


def test_a_team_and_all_below_it() -> None:
    assert team_and_below(TOP, PARENTS) == {TOP, LEFT, RIGHT, LEAF}
    assert team_and_below(LEFT, PARENTS) == {LEFT, LEAF}
    assert team_and_below(LEAF, PARENTS) == {LEAF}


def test_a_team_cannot_stand_below_itself() -> None:
    for parent in (LEFT, LEAF):
        with pytest.raises(InvalidError) as refused:
            check_parent(LEFT, parent, PARENTS)
        assert refused.value.field == "parent_id"
    check_parent(LEFT, RIGHT, PARENTS)
    check_parent(LEFT, None, PARENTS)


def test_the_tree_reads_from_top_to_bottom_each_level_by_name() -> None:
    tree = tree_of(TEAMS)
    assert [(branch.name, branch.depth) for branch in in_order(tree)] == [
        ("Sales", 0),
        ("Britain", 1),
        ("China", 1),
        ("Shanghai", 2),
    ]
    assert [branch.name for branch in in_order(tree_of(TEAMS, without=LEFT))] == ["Sales", "Britain"]


def test_every_permission_and_reach_is_described_in_words() -> None:
    permissions = {value for name, value in vars(P).items() if name.isupper()}
    assert set(WORDS) == permissions
    assert set(REACH_WORDS) == set(Reach)
    assert set().union(*(granted for _name, _reach, granted in ROLES.values())) == permissions
