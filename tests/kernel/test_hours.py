import csv
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.dates import day_bounds
from app.kernel.hours import (
    ALWAYS_OPEN,
    CLOSED,
    REASONS,
    UNKNOWN,
    Hours,
    HoursError,
    Window,
    format_days,
    format_hours,
    is_open,
    parse_days,
    parse_hours,
    read_hours,
    windows_on,
)

SHARED = Path(os.environ.get("FIELDBOOK_SHARED", Path(__file__).parents[3] / "shared"))
NINE_TO_SIX: tuple[Window, ...] = ((540, 1080),)
LUNCH: tuple[Window, ...] = ((540, 720), (780, 1080))
SHUT: tuple[Window, ...] = ()


def week(*days: tuple[Window, ...]) -> Hours:
    return Hours((*days, *((SHUT,) * (7 - len(days)))))


WORKDAYS = week(*[NINE_TO_SIX] * 5)
EVERY_DAY = week(*[NINE_TO_SIX] * 7)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Mon-Fri 09:00-12:00 13:00-18:00; Sat 10:00-16:00", week(*[LUNCH] * 5, ((600, 960),))),
        ("Monday to Friday: 9:00 to 18:00", WORKDAYS),
        ("Mo-Fr 09:00-18:00", WORKDAYS),
        ("mon-fri 9am-6pm", WORKDAYS),
        ("weekdays 9-18", WORKDAYS),
        ("Mon, Tue, Wed-Fri 09.00-18.00", WORKDAYS),
        ("周一至周五 09:00-18:00", WORKDAYS),
        ("週一至週五 09:00－18:00", WORKDAYS),
        ("星期一到五：０９：００～１８：００", WORKDAYS),
        ("礼拜一至礼拜五上午9点至下午6点", WORKDAYS),
        ("工作日 9点-18点", WORKDAYS),
        ("平日 早上9點～晚上6點", WORKDAYS),
        ("09:00–18:00", EVERY_DAY),
        ("每日 09:00-18:00", EVERY_DAY),
        ("daily 09:00 - 18:00", EVERY_DAY),
        ("09:00-18:00(週一公休)", week(SHUT, *[NINE_TO_SIX] * 6)),
        ("09:00-18:00（周一、二休息）", week(SHUT, SHUT, *[NINE_TO_SIX] * 5)),
        ("平日：09:00–18:00假日：10:00–16:00", week(*[NINE_TO_SIX] * 5, ((600, 960),), ((600, 960),))),
        ("Mon-Sun 09:00-18:00; Wed closed", week(NINE_TO_SIX, NINE_TO_SIX, SHUT, *[NINE_TO_SIX] * 4)),
        ("Sat-Mon 09:00-18:00", week(NINE_TO_SIX, SHUT, SHUT, SHUT, SHUT, NINE_TO_SIX, NINE_TO_SIX)),
        ("13:00-18:00 09:00-12:00", week(*[LUNCH] * 7)),
        ("09:00-12:00, 12:00-18:00", EVERY_DAY),
        ("00:00-12:00 12:00-24:00", ALWAYS_OPEN),
        ("Fri 20:00-02:00", week(SHUT, SHUT, SHUT, SHUT, ((1200, 1560),))),
        ("Fri 20:00-26:00", week(SHUT, SHUT, SHUT, SHUT, ((1200, 1560),))),
        ("06:00–00:00", week(*[((360, 1440),)] * 7)),
        ("晚上6点半-晚上12点", week(*[((1110, 1440),)] * 7)),
        ("中午12:00-下午1点30分", week(*[((720, 810),)] * 7)),
        ("中午11:30-14:00", week(*[((690, 840),)] * 7)),
        ("12am-12pm", week(*[((0, 720),)] * 7)),
        ("09:00–18:00(售票到17:00，全年無休)", EVERY_DAY),
        ("Sat 24h", week(SHUT, SHUT, SHUT, SHUT, SHUT, ((0, 1440),))),
        ("24小時", ALWAYS_OPEN),
        ("24小时营业", ALWAYS_OPEN),
        ("24/7", ALWAYS_OPEN),
        ("24 hours", ALWAYS_OPEN),
        ("全天候開放", ALWAYS_OPEN),
        ("全天开放", ALWAYS_OPEN),
        ("closed", CLOSED),
        ("休息", CLOSED),
        ("公休", CLOSED),
        ("", UNKNOWN),
        ("　", UNKNOWN),
    ],
)
def test_people_write_opening_hours_in_many_ways(text: str, hours: Hours) -> None:
    assert parse_hours(text) == hours
    assert read_hours(text) == hours


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("詳見官網或電話洽詢", "not_understood"),
        ("週一至週五", "no_windows"),
        ("()", "no_windows"),
        ("Mon-Fri 09:00", "not_understood"),
        ("9-5", "not_understood"),
        ("1-5pm", "not_understood"),
        ("下午1:00-4:00", "not_understood"),
        ("09:00-18:00 closed", "not_understood"),
        ("closed 09:00-18:00", "not_understood"),
        ("09:00-18:00 24h", "not_understood"),
        ("5/9-5/12 09:00-18:00", "not_understood"),
        ("4月至9月：06:00–18:0010月至3月：06:00–17:30", "not_understood"),
        ("中央大街：09:00–18:00商店：10:00–18:00", "not_understood"),
        ("每月第二個週六10:00–16:30", "not_understood"),
        ("週一及國定假日公休", "not_understood"),
        ("money 09:00-18:00", "not_understood"),
        ("09:00-09:00", "impossible_time"),
        ("09:75-18:00", "impossible_time"),
        ("24:00-25:00", "impossible_time"),
        ("09:00-48:00", "impossible_time"),
        ("09:00-40:00", "impossible_time"),
        ("09:00-13:00 12:00-18:00", "overlap"),
        ("x" * 501, "too_long"),
    ],
)
def test_what_is_ambiguous_is_refused_in_a_form_and_kept_as_text_in_an_import(text: str, reason: str) -> None:
    with pytest.raises(HoursError) as refused:
        parse_hours(text)
    assert refused.value.reason == reason
    assert REASONS[reason] % refused.value.params
    kept = read_hours(f" {text} ")
    assert not kept.is_known and kept.text == text and format_hours(kept, "zh_Hant") == text


@pytest.mark.parametrize(
    ("hours", "english", "hans", "hant"),
    [
        (WORKDAYS, "Mon-Fri 09:00-18:00", "周一至周五 09:00-18:00", "週一至週五 09:00-18:00"),
        (EVERY_DAY, "Daily 09:00-18:00", "每日 09:00-18:00", "每日 09:00-18:00"),
        (
            week(LUNCH, LUNCH, ((1200, 1560),), LUNCH),
            "Mon-Tue,Thu 09:00-12:00 13:00-18:00; Wed 20:00-02:00",
            "周一至周二、周四 09:00-12:00 13:00-18:00; 周三 20:00-02:00",
            "週一至週二、週四 09:00-12:00 13:00-18:00; 週三 20:00-02:00",
        ),
        (ALWAYS_OPEN, "24 hours", "24小时", "24小時"),
        (CLOSED, "closed", "休息", "公休"),
        (UNKNOWN, "", "", ""),
    ],
)
def test_hours_are_written_for_the_reader(hours: Hours, english: str, hans: str, hant: str) -> None:
    assert [format_hours(hours, language) for language in ("en", "zh_Hans", "zh_Hant")] == [english, hans, hant]


@st.composite
def day_windows(draw: st.DrawFn) -> tuple[Window, ...]:
    marks = sorted(draw(st.sets(st.integers(0, 1439), max_size=6)))
    windows = list(zip(marks[::2], marks[1::2], strict=False))
    length = draw(st.integers(0, 1439))
    if windows and length:
        windows[-1] = (windows[-1][0], windows[-1][0] + length)
    return tuple(windows)


any_hours = st.builds(
    lambda days: Hours(tuple(days)),
    st.lists(st.one_of(day_windows(), st.just(((0, 1440),))), min_size=7, max_size=7),
)


@given(any_hours, st.sampled_from(["en", "zh_Hans", "zh_Hant"]))
def test_what_is_written_is_read_back(hours: Hours, language: str) -> None:
    assert parse_hours(format_hours(hours, language)) == hours


@given(st.text(alphabet="MonTueFri週一至五日-~:;,.()0123456789 pam點半休息每上下午 24小時", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    hours = read_hours(text)
    assert read_hours(format_hours(hours)) == hours


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_windows_of_a_date_are_in_the_zone_of_the_place() -> None:
    friday = date(2026, 11, 20)
    hours = parse_hours("Mon-Fri 09:00-12:00 13:00-18:00")
    assert windows_on(hours, friday, "Asia/Taipei") == (
        (utc(2026, 11, 20, 1), utc(2026, 11, 20, 4)),
        (utc(2026, 11, 20, 5), utc(2026, 11, 20, 10)),
    )
    assert windows_on(hours, friday + timedelta(days=1), "Asia/Taipei") == ()
    assert windows_on(UNKNOWN, friday, "Asia/Taipei") is None


def test_a_window_past_midnight_belongs_to_both_days() -> None:
    hours = parse_hours("Fri 20:00-02:00")
    assert windows_on(hours, date(2026, 11, 20), "Europe/London") == ((utc(2026, 11, 20, 20), utc(2026, 11, 21, 2)),)
    assert windows_on(hours, date(2026, 11, 21), "Europe/London") == ((utc(2026, 11, 21), utc(2026, 11, 21, 2)),)
    assert windows_on(hours, date(2026, 11, 22), "Europe/London") == ()
    assert is_open(hours, utc(2026, 11, 21, 1, 59), "Europe/London")
    assert is_open(hours, utc(2026, 11, 21, 2), "Europe/London") is False
    assert is_open(UNKNOWN, utc(2026, 11, 21), "Europe/London") is None


def test_the_day_of_a_clock_change_has_23_hours() -> None:
    day = date(2026, 3, 29)
    assert windows_on(ALWAYS_OPEN, day, "Europe/London") == (day_bounds(day, "Europe/London"),)
    # 01:15-01:45 does not exist that day and is shown as 02:15-02:45; 01:30-02:00 would end before it begins
    assert windows_on(parse_hours("01:15-01:45"), day, "Europe/London") == (
        (utc(2026, 3, 29, 1, 15), utc(2026, 3, 29, 1, 45)),
    )
    assert windows_on(parse_hours("01:30-02:00"), day, "Europe/London") == ()


@given(any_hours, st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from(["Europe/London", "Asia/Shanghai"]))
def test_windows_are_ascending_and_disjoint(hours: Hours, day: date, zone: str) -> None:
    windows = windows_on(hours, day, zone)
    assert windows is not None
    flat = [instant for window in windows for instant in window]
    assert flat == sorted(set(flat))
    start, end = day_bounds(day, zone)
    for opens, closes in windows:
        assert start <= opens < end and closes > opens


def test_the_real_hours_of_kaohsiung_are_understood_or_kept() -> None:
    with (SHARED / "data/places/kaohsiung_attractions_open.csv").open(encoding="utf-8-sig", newline="") as file:
        texts = [row["opening_hours"] for row in csv.DictReader(file)]
    hours = [read_hours(text) for text in texts]
    assert sum(one.is_known for one in hours) == 251 and len(hours) == 343
    for one, text in zip(hours, texts, strict=True):
        assert one.is_known or one.text == text
        if any(word in text for word in ("國定", "預約", "月", "官網", "：全天候", "不同", "除夕")):
            assert not one.is_known


# --- Days without hours ----------------------------------------------------------------------------------------------

WHOLE: tuple[Window, ...] = ((0, 1440),)


@pytest.mark.parametrize(
    ("text", "hours", "written"),
    [
        ("Tue, Thu", week(SHUT, WHOLE, SHUT, WHOLE), "Tue,Thu"),
        ("周二、周四", week(SHUT, WHOLE, SHUT, WHOLE), "Tue,Thu"),
        ("週一至週三", week(WHOLE, WHOLE, WHOLE), "Mon-Wed"),
        ("Tue 9:00-18:00; Thu", week(SHUT, NINE_TO_SIX, SHUT, WHOLE), "Tue 09:00-18:00; Thu 00:00-24:00"),
        ("Thu 24 hours; Tue 9:00-18:00", week(SHUT, NINE_TO_SIX, SHUT, WHOLE), "Tue 09:00-18:00; Thu 00:00-24:00"),
        ("Mon-Fri 09:00-12:00 13:00-18:00", week(*[LUNCH] * 5), "Mon-Fri 09:00-12:00 13:00-18:00"),
        ("", UNKNOWN, ""),
    ],
)
def test_days_alone_are_whole_days(text: str, hours: Hours, written: str) -> None:
    assert parse_days(text) == hours
    assert format_days(hours) == written
    for language in ("en", "zh_Hans", "zh_Hant"):
        assert parse_days(format_days(hours, language)) == hours


@pytest.mark.parametrize("text", ["banana", "Tue 9", "Tue 25:00-26:00"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(HoursError):
        parse_days(text)


@given(st.lists(st.sampled_from([SHUT, WHOLE, NINE_TO_SIX, LUNCH]), min_size=7, max_size=7).filter(any))
def test_days_are_read_back(windows: list[tuple[Window, ...]]) -> None:
    for language in ("en", "zh_Hans", "zh_Hant"):
        assert parse_days(format_days(Hours(tuple(windows)), language)) == Hours(tuple(windows))
