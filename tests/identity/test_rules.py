"""Guesses, passwords, devices and the tree of teams."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.identity.permissions import REACH_WORDS, ROLES, WORDS, P
from app.identity.rules import (
    DEVICE_LASTS,
    GUESSES_PER_ADDRESS,
    GUESSES_PER_EMAIL,
    DeviceState,
    check_parent,
    check_password,
    device_name,
    device_state,
    fold_email,
    in_order,
    must_wait,
    team_and_below,
    tree_of,
)
from app.kernel.access import Reach
from app.kernel.errors import InvalidError
from tests.conftest import NOW

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


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36",
         "Chrome · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
         "Mobile/15E148 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "CriOS/142.0.1 Mobile/15E148 Safari/604.1", "Chrome · iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 "
         "Mobile/15E148 Safari/605.1.15", "Firefox · iPad"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
         "Safari/605.1.15", "Safari · Mac"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
         "Safari/537.36 Edg/142.0.0.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox · Linux"),
        ("Mozilla/5.0 (X11; CrOS x86_64 1.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
         "Chrome · ChromeOS"),
        ("Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
         "Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet · Android"),
        ("Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile "
         "Safari/537.36 MMWEBID/1 MicroMessenger/8.0.50", "WeChat · Android"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36 "
         "HuaweiBrowser/5.0.4", "Huawei · HarmonyOS"),
        ("curl/8.5.0", ""),
        ("<script>Android</script>", "Android"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_device_is_called_what_people_call_it(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


def test_a_device_is_live_for_30_days_unless_it_is_ended_and_revoked_for_good() -> None:
    end, second = NOW + DEVICE_LASTS, timedelta(seconds=1)
    assert device_state(NOW, None, None, end - second) is DeviceState.LIVE
    assert device_state(NOW, None, None, end) is DeviceState.OVER
    assert device_state(NOW, NOW, None, NOW) is DeviceState.OVER
    assert device_state(NOW, NOW, NOW, end) is DeviceState.REVOKED
    assert device_state(NOW, None, NOW, NOW) is DeviceState.REVOKED
