"""The rules about customers, without a database."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.accounts.rules import (
    NEARBY,
    NO_PLAN,
    SAME_NAME,
    SAME_PHONE,
    SIMILAR_NAME,
    USUAL_RHYTHMS,
    VISIT_INTERVAL_DAYS,
    AccountFilters,
    Rhythm,
    address_line,
    certainty_of,
    check_interval,
    core_of,
    dialled,
    found_by,
    intervals_of,
    is_against,
    is_overdue,
    link_to,
    masked,
    next_visit_due,
    opening_today,
    phone_tails,
    position_columns,
    rhythm_of,
    why_duplicate,
    wish_text,
    written_hours,
    written_wish,
)
from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.text import phone_digits

TODAY, YESTERDAY = date(2026, 11, 20), date(2026, 11, 19)


def test_the_next_visit_is_due_by_class_or_agreement() -> None:
    last = date(2026, 11, 1)
    assert next_visit_due(last, "A") == date(2026, 11, 15)
    assert next_visit_due(last, "B") == date(2026, 12, 1)
    assert next_visit_due(last, "C") == date(2026, 12, 31)
    assert next_visit_due(last, "A", agreed_on=date(2027, 1, 5)) == date(2027, 1, 5)
    assert next_visit_due(last, "A", intervals={"A": 7}) == date(2026, 11, 8)
    assert next_visit_due(None, "A") is None
    assert next_visit_due(last, None) is None
    assert next_visit_due(last, "Z") is None
    assert next_visit_due(last, "A", own_days=21) == date(2026, 11, 22)
    assert next_visit_due(last, "A", own_days=NO_PLAN) is None
    assert next_visit_due(last, "A", date(2026, 11, 5), own_days=NO_PLAN) == date(2026, 11, 5), "a promise is one"


def test_an_account_has_the_rhythm_of_its_class_or_its_own() -> None:
    rhythms = {"A": Rhythm(14, "Tue"), "B": Rhythm(None)}
    assert rhythm_of("A", None, "", rhythms) == Rhythm(14, "Tue")
    assert rhythm_of("A", 7, "", rhythms) == Rhythm(7, "Tue")
    assert rhythm_of("A", NO_PLAN, "Fri 09:00-11:00", rhythms) == Rhythm(None, "Fri 09:00-11:00")
    assert rhythm_of("B", 30, "", rhythms) == Rhythm(30)
    assert intervals_of(rhythms) == {"A": 14}
    assert intervals_of(USUAL_RHYTHMS) == VISIT_INTERVAL_DAYS


def test_intervals_from_a_week_to_two_years() -> None:
    for days in (7, 730, None):
        check_interval(days)
    for wrong in (6, 0, -7, 731):
        with pytest.raises(InvalidError) as refused:
            check_interval(wrong)
        assert refused.value.field == "every"


def test_wishes_are_stored_in_one_way_and_say_which_day_they_are_against() -> None:
    assert written_wish(" 周四、周二 9:00-11:00 ") == "Tue,Thu 09:00-11:00"
    assert written_wish("Mon-Sun") == written_wish("24 hours") == written_wish("") == ""
    assert wish_text("Tue,Thu 09:00-11:00", "zh_Hant") == "週二、週四 09:00-11:00"
    for wrong, words in (("closed", "if never"), ("soon", "Write weekdays")):
        with pytest.raises(InvalidError) as refused:
            written_wish(wrong)
        assert refused.value.field == "wish" and words in refused.value.reason
    monday = date(2026, 11, 16)
    against = [is_against("Tue,Thu 09:00-11:00", monday + timedelta(days=n)) for n in range(7)]
    assert against == [True, False, True, False, True, True, True]
    assert not is_against("", monday)


def test_overdue_begins_the_day_after() -> None:
    assert not is_overdue(TODAY, TODAY)
    assert is_overdue(YESTERDAY, TODAY)
    assert not is_overdue(None, TODAY)


@pytest.mark.parametrize(
    ("name", "phone", "other", "other_phone", "near", "why"),
    [
        ("", "+86 21 6288 0000", "Whatever", "021-6288 0000", False, SAME_PHONE),
        ("恒隆餐饮", "", "上海恒隆餐饮管理有限公司", "", False, SIMILAR_NAME),
        ("上海恒隆餐饮有限公司", "", "上海恒隆餐饮", "", False, SAME_NAME),
        ("臺北永康生活百貨", "", "台北永康生活百貨股份有限公司", "", False, SAME_NAME),
        ("Harbour & Sons Ltd.", "", "HARBOUR AND SONS LIMITED", "", False, SIMILAR_NAME),
        ("Borough Kitch", "", "Borough Kitchen Supply", "", False, SIMILAR_NAME),
        ("Borough Kichten Supply", "", "Borough Kitchen Supply", "", False, SIMILAR_NAME),
        ("The Anchor Inn", "", "Anchor Pub", "", False, None),
        ("The Anchor Inn", "", "Anchor Pub", "", True, NEARBY),
        ("Blue Anchor", "020 7946 0000", "Red Lion", "020 7946 0001", True, None),
        ("上", "", "上海恒隆餐饮", "", True, None),
        ("Bor", "110", "Borough Kitchen", "110", True, None),
    ],
)
def test_what_is_taken_for_a_duplicate(
    name: str, phone: str, other: str, other_phone: str, near: bool, why: str | None
) -> None:
    found = why_duplicate(core_of(name), phone_tails(phone), core_of(other), phone_digits(other_phone), near)
    assert (found and found[1]) == why


def test_a_masked_name_tells_little() -> None:
    assert masked("上海恒隆餐饮管理有限公司") == "上海…"
    assert masked("Borough Kitchen") == "Boro…"
    assert masked("The Anchor") == "The…"


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("+44 20 7946 0000", "+442079460000"),
        ("021-6288 0000", "02162880000"),
        ("(021) 62880000 转 12", "02162880000"),
        ("＋886 2 2720 0000", "+886227200000"),
        ("138 0000 1111 / 139 0000 2222", "13800001111"),
        ("none", ""),
        ("", ""),
    ],
)
def test_what_is_dialled(phone: str, number: str) -> None:
    assert dialled(phone) == number


def test_a_website_becomes_a_link_only_where_it_is_one() -> None:
    assert link_to("www.shop.example/a") == "https://www.shop.example/a"
    assert link_to("HTTP://shop.example") == "HTTP://shop.example"
    assert link_to("javascript:alert(1)") == link_to("shop") == link_to("") == ""


def test_an_address_reads_as_its_script_does() -> None:
    assert address_line("南京西路1266号", "静安区", "上海") == "上海静安区南京西路1266号"
    assert address_line("上海市静安区南京西路1266号", "静安区", "上海") == "上海市静安区南京西路1266号"
    assert address_line("14 Shad Thames", "Southwark", "London") == "14 Shad Thames, Southwark, London"
    assert address_line("1 Strand, London", "", "London") == "1 Strand, London"
    assert address_line("", "", "London") == "London"
    assert address_line("", "", "") == ""


def test_found_by_names_addresses_and_phones_once_each() -> None:
    text = found_by(["臺北Shop", "臺北Shop"], ["信義區 1-2號", ""], ["02-2720 0000", "", "02-2720 0000"])
    assert text == "台北shop 信义区1-2号 0227200000"


def test_hours_are_kept_in_one_form_and_old_words_may_stay() -> None:
    assert written_hours("周一至周五 9:00-18:00") == "Mon-Fri 09:00-18:00"
    assert written_hours("") == ""
    assert written_hours(" ring  the bell ", "ring the bell") == "ring the bell"
    with pytest.raises(InvalidError) as refused:
        written_hours("ring the bell")
    assert refused.value.field == "hours"


def test_todays_hours_are_those_of_the_place() -> None:
    hours = "Mon-Fri 09:00-18:00; Sat 22:00-02:00"
    friday_night = datetime(2026, 3, 13, 23, 30, tzinfo=UTC)  # Saturday 07:30 in Shanghai
    london = opening_today(hours, "Europe/London", friday_night, "en")
    assert (london.windows, london.is_open) == ((("09:00", "18:00"),), False)
    shanghai = opening_today(hours, "Asia/Shanghai", friday_night, "zh_Hans")
    assert (shanghai.windows, shanghai.is_open) == ((("22:00", "02:00"),), False)
    assert shanghai.text == "周一至周五 09:00-18:00; 周六 22:00-02:00"
    assert opening_today("24 hours", "Asia/Taipei", friday_night, "en").windows == (("00:00", "24:00"),)
    assert opening_today("closed", "Asia/Taipei", friday_night, "en").windows == ()
    unknown = opening_today("ring the bell", "Asia/Taipei", friday_night, "en")
    assert (unknown.text, unknown.is_known, unknown.is_open) == ("ring the bell", False, None)


def test_hours_follow_the_clocks_of_the_place_through_a_change() -> None:
    # 29 March 2026: London jumps from 01:00 to 02:00, so the same 09:00 is an hour earlier in UTC than the day before.
    for day, hour in ((28, 9), (29, 8)):
        opening = opening_today("Daily 09:00-17:00", "Europe/London", datetime(2026, 3, day, hour, tzinfo=UTC), "en")
        assert (opening.windows, opening.is_open) == ((("09:00", "17:00"),), True)
        before = datetime(2026, 3, day, hour - 1, 59, tzinfo=UTC)
        assert opening_today("Daily 09:00-17:00", "Europe/London", before, "en").is_open is False


def test_the_columns_of_a_position() -> None:
    assert set(position_columns(None).values()) == {None, "none"}
    columns = position_columns(Position(0.0, 90.0), "approximate")
    assert (columns["certainty"], columns["lat"], columns["lon"]) == ("approximate", 0.0, 90.0)
    assert columns["uy"] == pytest.approx(1.0)
    assert certainty_of(None) == certainty_of(30) == "exact"
    assert certainty_of(900) == "approximate"


def test_filters_come_from_addresses_and_go_back() -> None:
    args = {"q": " 恒隆  x ", "owner": "me", "rating": "A", "days": "30", "sort": "stale", "archived": "1"}
    filters = AccountFilters.read(args)
    assert filters == AccountFilters("恒隆 x", "me", "A", 30, "stale", True)
    assert filters.args() == {**args, "q": "恒隆 x"}
    assert filters.args(q="", archived=False, days=None) == {"owner": "me", "rating": "A", "sort": "stale"}
    assert filters.narrows and not AccountFilters(sort="stale").narrows
    nonsense = {"owner": "x", "rating": "Z", "days": "-3", "sort": "?", "archived": "yes", "q": "\0" + "x" * 999}
    assert AccountFilters.read(nonsense) == AccountFilters(q="x" * 200)
