"""When a post that a phone kept is judged: its time of making, by our clock, as far as that can be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.capture import AHEAD, OLDEST, SLOW, Capture, capture, is_possible, parse_moment

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DAY = timedelta(days=1)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - given UTC


def said(moment: datetime) -> str:
    return moment.isoformat()


def test_a_plain_post_is_of_now() -> None:
    assert capture(None, None, NOW) == Capture(NOW, NOW)


@pytest.mark.parametrize("wrong", [timedelta(0), timedelta(days=730), timedelta(days=-730), timedelta(hours=-3)])
def test_a_clock_that_is_wrong_does_no_harm(wrong: timedelta) -> None:
    found = capture(said(NOW + wrong - 2 * DAY), said(NOW + wrong), NOW)
    assert (found.at, found.doubtful, found.offset) == (NOW - 2 * DAY, False, -wrong)
    assert found.corrected(NOW + wrong - DAY) == NOW - DAY
    assert found.corrected(None) is None


@pytest.mark.parametrize(
    ("ago", "at", "doubtful"),
    [
        (OLDEST, NOW - OLDEST, False),
        (OLDEST + timedelta(seconds=1), NOW, True),
        (timedelta(0), NOW, False),
        (-AHEAD, NOW, False),
        (-AHEAD - timedelta(seconds=1), NOW, True),
        (timedelta(days=730), NOW, True),
    ],
)
def test_what_can_have_been_and_what_cannot(ago: timedelta, at: datetime, doubtful: bool) -> None:
    for sent in (said(NOW), None):
        found = capture(said(NOW - ago), sent, NOW)
        assert (found.at, found.doubtful, found.claimed) == (at, doubtful, NOW - ago)


@pytest.mark.parametrize(
    "nonsense",
    [
        "", "yesterday", "2026-11-22T08:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1" * 5000,
        "1969-12-31T23:59:59+00:00", "2100-01-01T00:00:00+00:00", "2026-11-22T08:00:00+99:00", "\x00", "NaN",
    ],
)  # fmt: skip
def test_nonsense_is_judged_at_its_arrival_and_flagged(nonsense: str) -> None:
    assert parse_moment(nonsense) is None
    for found in (capture(nonsense, said(NOW), NOW), capture(said(NOW), nonsense, NOW), capture(nonsense, None, NOW)):
        assert (found.at, found.doubtful) == (NOW, True)


def test_only_sent_tells_how_wrong_the_clock_is() -> None:
    found = capture(None, said(NOW - DAY), NOW)
    assert (found.at, found.offset, found.doubtful) == (NOW, DAY, False)


def test_a_phone_without_a_battery_begins_in_1970() -> None:
    found = capture("1970-01-01T00:00:30+00:00", "1970-01-01T01:00:30Z", NOW)
    assert (found.at, found.doubtful) == (NOW - timedelta(hours=1), False)


@given(captured=moments | st.none(), sent=moments | st.none(), arrived=moments)
def test_it_is_never_in_the_future_nor_older_than_a_phone_keeps(
    captured: datetime | None, sent: datetime | None, arrived: datetime
) -> None:
    found = capture(said(captured) if captured else None, said(sent) if sent else None, arrived)
    assert arrived - OLDEST <= found.at <= arrived
    assert found.doubtful <= (found.at == arrived)
    assert 1700 < (found.claimed or arrived).year < 2400, "no sum and no database breaks"


@given(text=st.text(max_size=60), other=st.text(max_size=60))
def test_any_header_is_borne(text: str, other: str) -> None:
    found = capture(text, other, NOW)
    assert NOW - OLDEST <= found.at <= NOW


@given(ago=st.timedeltas(timedelta(0), OLDEST - SLOW), wrong=st.timedeltas(timedelta(-9000), timedelta(9000)))
def test_only_the_difference_of_the_phone_s_times_counts(ago: timedelta, wrong: timedelta) -> None:
    found = capture(said(NOW + wrong - ago), said(NOW + wrong), NOW).at
    assert found == (NOW - ago if abs(wrong) >= SLOW else min(NOW + wrong - ago, NOW))


@given(
    ways=st.lists(st.timedeltas(timedelta(0), timedelta(seconds=59)), min_size=2, max_size=8),
    gap=st.timedeltas(timedelta(milliseconds=1), timedelta(seconds=30)),
)
def test_a_slow_network_changes_no_order(ways: list[timedelta], gap: timedelta) -> None:
    """Posts made one after the other and sent later, each as long on its way as it likes."""
    begun = [NOW - DAY + number * gap for number in range(len(ways))]
    found = [capture(said(made), said(NOW), NOW + way).at for made, way in zip(begun, ways, strict=True)]
    assert found == begun


def test_a_tap_is_not_after_its_post() -> None:
    assert is_possible(NOW - DAY, NOW, NOW)
    assert is_possible(NOW - 29 * DAY, NOW - 28 * DAY, NOW)
    assert not is_possible(NOW + timedelta(seconds=1), NOW, NOW)
    assert not is_possible(NOW - OLDEST - timedelta(seconds=1), NOW, NOW)
