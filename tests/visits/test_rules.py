from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.geo import Position, distance_m
from app.visits.rules import (
    REASONS,
    STATE_NAMES,
    VERDICT_NAMES,
    Dismissal,
    Fix,
    Verdict,
    VisitState,
    estimated_check_out,
    forgotten,
    judge,
    needs_reason,
    state_of,
    visit_minutes,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SHOP = Position(31.2304, 121.4737)
METRE = 1 / 111_195  # degrees of latitude


def fix_at(metres: float, accuracy: float = 10, **changes: Any) -> Fix:
    position = Position(SHOP.lat + metres * METRE, SHOP.lon)
    return replace(Fix(position, accuracy, NOW - timedelta(seconds=5), 3), **changes)


@pytest.mark.parametrize(
    ("fix", "verdict", "reason"),
    [
        (fix_at(0), Verdict.ON_SITE, "within_radius"),
        (fix_at(149), Verdict.ON_SITE, "within_radius"),
        (fix_at(159), Verdict.ON_SITE, "within_accuracy"),
        (fix_at(162), Verdict.OFF_SITE, "too_far"),
        (fix_at(5000), Verdict.OFF_SITE, "too_far"),
        (fix_at(240, 100), Verdict.ON_SITE, "within_accuracy"),
        (fix_at(240, 101), Verdict.UNCERTAIN, "accuracy_too_poor"),  # the cap
        (fix_at(0, 3000), Verdict.UNCERTAIN, "accuracy_too_poor"),
        (fix_at(20, 120), Verdict.ON_SITE, "within_radius"),  # poor, but even its whole circle is on site
        (fix_at(5000, 3000), Verdict.OFF_SITE, "too_far"),  # poor, but far beyond its error
        (fix_at(0, taken_at=NOW - timedelta(minutes=5)), Verdict.ON_SITE, "within_radius"),
        (fix_at(0, taken_at=NOW - timedelta(minutes=6)), Verdict.UNCERTAIN, "fix_too_old"),
        (fix_at(9000, taken_at=NOW - timedelta(hours=6)), Verdict.UNCERTAIN, "fix_too_old"),
        (fix_at(0, taken_at=NOW + timedelta(seconds=50)), Verdict.ON_SITE, "within_radius"),
        (fix_at(0, taken_at=NOW + timedelta(minutes=9)), Verdict.UNCERTAIN, "fix_from_future"),
        (fix_at(0, speed_mps=1.4), Verdict.ON_SITE, "within_radius"),
        (fix_at(0, speed_mps=14.0), Verdict.UNCERTAIN, "fix_while_moving"),
        (fix_at(9000, speed_mps=14.0), Verdict.OFF_SITE, "too_far"),
        (None, Verdict.NO_POSITION, "no_position"),
    ],
)
def test_verdicts(fix: Fix | None, verdict: Verdict, reason: str) -> None:
    judgement = judge(fix, SHOP, checked_in_at=NOW)
    assert (judgement.verdict, judgement.reason) == (verdict, reason)
    assert REASONS[reason] % judgement.params


def test_the_judgement_carries_the_distance_and_the_numbers_of_its_sentence() -> None:
    judgement = judge(fix_at(1200, 30), SHOP, checked_in_at=NOW, radius_m=200)
    assert judgement.distance_m == pytest.approx(1200, abs=1)
    assert judgement.params == {"distance": 1200, "accuracy": 30, "radius": 200}
    assert judge(fix_at(0, speed_mps=20.0), SHOP, checked_in_at=NOW).params == {"speed": 72}
    old = fix_at(0, taken_at=NOW - timedelta(hours=2))
    assert judge(old, SHOP, checked_in_at=NOW).params == {"minutes": 120}
    assert judge(None, SHOP, checked_in_at=NOW).distance_m is None


@pytest.mark.parametrize(
    "changes",
    [
        {"accuracy_m": float("nan")},
        {"accuracy_m": float("inf")},
        {"accuracy_m": -1.0},
        {"speed_mps": float("nan")},
        {"speed_mps": -3.0},
        {"taken_at": datetime(2026, 11, 20)},  # noqa: DTZ001
    ],
)
def test_a_fix_that_no_phone_gives_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"accuracy|speed|zone"):
        replace(fix_at(0), **changes)


def test_a_check_in_that_was_sent_late_is_judged_by_the_time_of_the_tap() -> None:
    tapped = NOW - timedelta(hours=20)
    fix = fix_at(10, taken_at=tapped - timedelta(seconds=30))
    assert judge(fix, SHOP, checked_in_at=tapped).verdict is Verdict.ON_SITE


def test_a_place_without_or_with_a_rough_position_accuses_nobody() -> None:
    assert judge(fix_at(0), None, checked_in_at=NOW).verdict is Verdict.NO_PLACE
    for metres in (0, 9000):
        judgement = judge(fix_at(metres), SHOP, checked_in_at=NOW, place_is_approximate=True)
        assert (judgement.verdict, judgement.reason) == (Verdict.UNCERTAIN, "place_approximate")
        assert judgement.distance_m == pytest.approx(metres, abs=5)


def test_a_reason_is_asked_for_off_site_and_without_position_only() -> None:
    assert [verdict for verdict in Verdict if needs_reason(verdict)] == [Verdict.OFF_SITE, Verdict.NO_POSITION]


def test_every_verdict_and_state_has_a_name() -> None:
    assert set(VERDICT_NAMES) == set(Verdict) and set(STATE_NAMES) == set(VisitState)


@given(
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
    st.floats(0, 5000),
    st.floats(10, 1000),
    st.one_of(st.none(), st.floats(0, 60)),
)
def test_off_site_is_only_what_no_error_of_the_fix_explains(
    north: float, east: float, accuracy: float, radius: float, speed: float | None
) -> None:
    fix = Fix(Position(SHOP.lat + north, SHOP.lon + east), accuracy, NOW, 1, speed)
    verdict = judge(fix, SHOP, checked_in_at=NOW, radius_m=radius).verdict
    away = distance_m(fix.position, SHOP)
    assert (verdict is Verdict.OFF_SITE) == (away > radius + accuracy)
    if verdict is Verdict.ON_SITE:
        assert away <= radius + 100


TODAY = date(2026, 11, 20)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
LATER = NOW + timedelta(minutes=25)


@pytest.mark.parametrize(
    ("planned_on", "check_in_at", "check_out_at", "dismissal", "state"),
    [
        (TODAY, None, None, None, VisitState.PLANNED),
        (TOMORROW, None, None, None, VisitState.PLANNED),
        (YESTERDAY, None, None, None, VisitState.MISSED),
        (TODAY, NOW, None, None, VisitState.CHECKED_IN),
        (YESTERDAY, NOW, None, None, VisitState.CHECKED_IN),
        (None, NOW, None, None, VisitState.CHECKED_IN),
        (TODAY, NOW, LATER, None, VisitState.DONE),
        (None, NOW, LATER, None, VisitState.DONE),
        (YESTERDAY, None, None, Dismissal.SKIPPED, VisitState.SKIPPED),
        (TODAY, None, None, Dismissal.POSTPONED, VisitState.POSTPONED),
        (TODAY, NOW, LATER, Dismissal.SKIPPED, VisitState.DONE),
    ],
)
def test_states_follow_from_facts(
    planned_on: date | None,
    check_in_at: datetime | None,
    check_out_at: datetime | None,
    dismissal: Dismissal | None,
    state: VisitState,
) -> None:
    assert state_of(planned_on, TODAY, check_in_at, check_out_at, dismissal) is state


def test_a_visit_is_planned_or_checked_in() -> None:
    with pytest.raises(ValueError, match="planned"):
        state_of(None, TODAY, None, None, None)


def test_a_duration_is_never_negative() -> None:
    assert visit_minutes(NOW, LATER) == 25
    assert visit_minutes(LATER, NOW) == 0


@pytest.mark.parametrize(
    ("check_in", "now", "zone", "is_forgotten"),
    [
        # 17:00 in Shanghai; its day ends at 16:00 UTC
        (NOW, datetime(2026, 11, 20, 15, 59, tzinfo=UTC), "Asia/Shanghai", False),
        (NOW, datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "Asia/Shanghai", True),
        (NOW, datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "Europe/London", False),
        # 23:30 in London: a bar's owner has time late
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), datetime(2026, 11, 21, 2, 29, tzinfo=UTC), "Europe/London", False),
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), datetime(2026, 11, 21, 2, 30, tzinfo=UTC), "Europe/London", True),
        # the 25-hour day of 25 October ends at 24:00 UTC, the summer day before at 23:00 UTC
        (datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 10, 25, 23, 59, tzinfo=UTC), "Europe/London", False),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 24, 23, 0, tzinfo=UTC), "Europe/London", True),
    ],
)
def test_an_open_check_in_is_forgotten_when_the_day_is_over(
    check_in: datetime, now: datetime, zone: str, is_forgotten: bool
) -> None:
    assert forgotten(check_in, now, zone) is is_forgotten


def test_a_check_in_elsewhere_ends_the_one_before() -> None:
    assert forgotten(NOW, LATER, "Asia/Shanghai", next_check_in_at=LATER)
    assert not forgotten(NOW, LATER, "Asia/Shanghai", next_check_in_at=NOW - timedelta(hours=1))


def test_a_forgotten_check_out_is_estimated() -> None:
    cap = NOW + timedelta(hours=1)
    assert estimated_check_out(NOW, 45, cap) == NOW + timedelta(minutes=45)
    assert estimated_check_out(NOW, None, cap) == NOW + timedelta(minutes=30)
    assert estimated_check_out(NOW, 90, cap) == cap
    assert estimated_check_out(NOW, 45, NOW - timedelta(hours=1)) == NOW
