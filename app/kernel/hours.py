"""Opening hours: a week of windows, written as people write them.

Hours are stored and typed as one line of text, for instance

    Mon-Fri 09:00-12:00 13:00-18:00; Sat 10:00-16:00        24 hours        closed
    周一至周五 09:00-18:00                                    24小时          休息
    週一至週五 09:00-18:00（週三公休）                          全天候開放        公休

Grammar: days, then windows or "24 hours" or "closed", as often as needed. Windows without days are for every day, days
not named are closed, a later rule overrides an earlier one. A window may pass midnight (20:00-02:00, 20:00-26:00).
平日 and weekdays are Monday to Friday, 假日 and weekend Saturday and Sunday: public holidays are not known to us.
Text that says anything else is not guessed at. Hours that are unknown allow every visit, and say that they are unknown.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from app.kernel.dates import at_local, day_bounds, today_in
from app.kernel.i18n import N_

DAY_MINUTES = 24 * 60
_MAX_TEXT = 500
_ALL_DAYS = (0, 1, 2, 3, 4, 5, 6)

Window = tuple[int, int]
"""Opening and closing in minutes after the midnight that begins the day. Closing is less than 24 h after opening, or
the window is (0, 1440)."""

Interval = tuple[datetime, datetime]
"""Start and end in UTC, the end not included."""

REASONS = {
    "too_long": N_("These opening hours are too long."),
    "not_understood": N_(
        "“%(part)s” was not understood. Write opening hours like Mon-Fri 09:00-18:00; Sat 10:00-16:00."
    ),
    "no_windows": N_("Say when it is open on these days, or that it is closed."),
    "impossible_time": N_("“%(part)s” is not a possible opening time."),
    "overlap": N_("Two opening times of one day overlap."),
}


class HoursError(ValueError):
    """Text that is no opening hours. `reason` is a key of REASONS, `params` fills its places."""

    def __init__(self, reason: str, **params: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.params: Mapping[str, Any] = params


@dataclass(frozen=True, slots=True)
class Hours:
    """`week` holds the windows of Monday (0) to Sunday (6), ascending, none for a closed day; None where the hours are
    unknown, and then `text` is what is known about them in words."""

    week: tuple[tuple[Window, ...], ...] | None
    text: str = ""

    @property
    def is_known(self) -> bool:
        return self.week is not None


UNKNOWN = Hours(None)
ALWAYS_OPEN = Hours((((0, DAY_MINUTES),),) * 7)
CLOSED = Hours(((),) * 7)


# --- On a date -------------------------------------------------------------------------------------------------------


def windows_on(hours: Hours, day: date, zone: str) -> tuple[Interval, ...] | None:
    """When a place in `zone` is open on its `day`: ascending, disjoint UTC intervals; () closed, None unknown.

    A window that began the day before counts from midnight on; one that passes the next midnight is given whole.
    """
    if hours.week is None:
        return None
    midnight, _ = day_bounds(day, zone)
    yesterday = day - timedelta(days=1)
    opened = [
        *_intervals(hours.week[yesterday.weekday()], yesterday, zone),
        *_intervals(hours.week[day.weekday()], day, zone),
    ]
    return tuple(_joined((max(start, midnight), end) for start, end in opened if end > midnight))


def is_open(hours: Hours, at: datetime, zone: str) -> bool | None:
    """Whether a place in `zone` is open at the instant `at`; None where its hours are unknown."""
    windows = windows_on(hours, today_in(zone, at), zone)
    return None if windows is None else any(start <= at < end for start, end in windows)


def _intervals(windows: Iterable[Window], day: date, zone: str) -> Iterator[Interval]:
    for opens, closes in windows:
        start, end = _instant(day, opens, zone), _instant(day, closes, zone)
        if start < end:  # else the clocks jumped over the closing time
            yield start, end


def _instant(day: date, minutes: int, zone: str) -> datetime:
    days, rest = divmod(minutes, DAY_MINUTES)
    return at_local(day + timedelta(days=days), time(rest // 60, rest % 60), zone)


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


# --- Reading ---------------------------------------------------------------------------------------------------------

# What is said about admission, not about opening; it is read over.
_ADMISSION = re.compile(
    r"(?:最[後终終后](?:入場|入场|入園|入园|入館|入馆|進場|进场|點餐|点餐)(?:時間|时间)?:?\s*\d\d?:\d\d"
    r"|\d\d?:\d\d(?:停止|截止|最[後终終后])(?:售票|入場|入场|入館|入馆|進場|进场)"
    r"|售票[至到]\d\d?:\d\d|全年[無无]休|免[費费][參参][觀观])"
)
_CLOCK = (
    r"(?P<part{0}>上午|早上|清晨|凌晨|中午|下午|傍晚|晚上|晚間|晚间)?\s*(?P<hour{0}>\d\d?)"
    r"(?:[:.]\s?(?P<minute{0}>\d\d)|[點点時时](?:(?P<past{0}>\d\d?)分?|(?P<half{0}>半))?)?\s*(?P<half_day{0}>[ap]m)?"
)
_DAY = (
    "(?:mo(?:n(?:days?)?)?|tu(?:es?(?:days?)?)?|we(?:d(?:nesdays?)?)?|th(?:u(?:rs?(?:days?)?)?)?|fr(?:i(?:days?)?)?"
    "|sa(?:t(?:urdays?)?)?|su(?:n(?:days?)?)?)(?![a-z])"
)
_TOKEN = re.compile(
    r"(?P<every>每[日天]|天天|daily|every ?day)|(?P<weekdays>平日|工作日|weekdays?)|(?P<weekend>假日|週末|weekends?)"
    rf"|[每逢]?(?P<han_days>週[一二三四五六日天](?:\s*[-、,及和]?\s*週?[一二三四五六日天])*)"
    rf"|(?P<days>{_DAY}(?:\s*-\s*{_DAY})?)"
    r"|(?P<all_day>24\s?(?:小[時时]|hours|hrs?|h)(?![a-z])|24/7|全天候?)"
    r"|(?P<closed>公休|休[息館馆園园業业]|不(?:開放|开放|營業|营业)|closed|off(?![a-z]))"
    rf"|(?P<window>{_CLOCK.format('_from')}\s*-\s*{_CLOCK.format('_to')})(?!\d)"
    r"|(?P<filler>[\s;,、。|()/:]|開放|开放|營業|营业|時間|时间|open(?![a-z]))"
)
_HAN_DAYS = {
    char: number for number, chars in enumerate(("一", "二", "三", "四", "五", "六", "日天")) for char in chars
}
_LATIN_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_MORNING = ("上午", "早上", "清晨", "凌晨", "am")
_ENDS = ("_from", "_to")
_EVENING = ("晚上", "晚間", "晚间")


def read_hours(text: str) -> Hours:
    """Hours from any text, stored or imported: what `parse_hours` refuses is kept as unknown hours with that text."""
    try:
        return parse_hours(text)
    except HoursError:
        return Hours(None, text.strip())


def parse_hours(text: str) -> Hours:
    """Hours from the text that a person types; none at all are UNKNOWN. Raises HoursError with one of REASONS."""
    if len(text) > _MAX_TEXT:
        raise HoursError("too_long")
    plain = _normalised(text)
    if not plain:
        return UNKNOWN
    week: list[tuple[Window, ...]] = [()] * 7
    for days, windows in _rules(plain):
        for day in days:
            week[day] = windows
    return Hours(tuple(week))


def parse_days(text: str) -> Hours:
    """As `parse_hours`, for when something is welcome: days alone ("Tue, Thu") are meant from midnight to midnight."""
    try:
        return parse_hours(text)
    except HoursError as error:
        if error.reason != "no_windows":
            raise
    return parse_hours(f"{text} {_ALWAYS['en']}")


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = re.sub("星期|礼拜|禮拜|周", "週", plain)
    plain = _ADMISSION.sub(" ", plain)
    plain = re.sub(r"[\u2010-\u2015\u2212\u301c~至到-]+|\bto\b", "-", plain)
    return plain.strip()


def _rules(plain: str) -> Iterator[tuple[tuple[int, ...], tuple[Window, ...]]]:
    """The rules of a normalised text: days, and their windows (none for closed)."""
    days: list[int] = []
    windows: list[Window] | None = None  # None until the rule says something
    complete = False  # after "closed" or "24 hours" only another rule may follow
    at = 0
    while at < len(plain):
        token = _TOKEN.match(plain, at)
        if token is None:
            raise HoursError("not_understood", part=plain[at : at + 20])
        at = token.end()
        if token["filler"]:
            continue
        named = _days_of(token)
        if named:
            if windows is not None:
                yield tuple(days), _checked(windows)
                days, windows, complete = [], None, False
            days += named
            continue
        if complete or (windows is not None and not token["window"]):
            raise HoursError("not_understood", part=token[0])
        days = days or list(_ALL_DAYS)
        windows = windows or []
        if token["window"]:
            windows.append(_window_of(token))
        else:
            complete = True
            windows = [] if token["closed"] else [(0, DAY_MINUTES)]
    if windows is None:
        raise HoursError("no_windows")
    yield tuple(days), _checked(windows)


def _days_of(token: re.Match[str]) -> list[int]:
    if token["every"]:
        return list(_ALL_DAYS)
    if token["weekdays"]:
        return [0, 1, 2, 3, 4]
    if token["weekend"]:
        return [5, 6]
    if token["days"]:
        ends = [_LATIN_DAYS.index(name.strip()[:2]) for name in token["days"].split("-")]
        return _day_range(ends[0], ends[-1])
    days: list[int] = []
    since: int | None = None
    for char in token["han_days"] or "":
        if char == "-":
            since = days[-1]
        elif char in _HAN_DAYS:
            days += _day_range(_HAN_DAYS[char] if since is None else since, _HAN_DAYS[char])
            since = None
    return days


def _day_range(first: int, last: int) -> list[int]:
    """Monday to Friday is 0..4; Friday to Monday runs over the week's end."""
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _window_of(token: re.Match[str]) -> Window:
    marks = [token[f"part{end}"] or token[f"half_day{end}"] for end in _ENDS]
    opens, closes = (_minutes_of(token, end, mark) for end, mark in zip(_ENDS, marks, strict=True))
    bare = [mark is None and token[f"minute{end}"] is None for mark, end in zip(marks, _ENDS, strict=True)]
    twelve = [mark is None and int(token[f"hour{end}"]) <= 12 for mark, end in zip(marks, _ENDS, strict=True)]
    # "9-5" and "1-5pm": which half of the day the unmarked hour means would be a guess.
    if (all(bare) and closes <= opens) or (any(marks) and any(twelve)):
        raise HoursError("not_understood", part=token[0])
    if closes < opens:
        closes += DAY_MINUTES
    if not _is_window(opens, closes):
        raise HoursError("impossible_time", part=token[0])
    return opens, closes


def _is_window(opens: int, closes: int) -> bool:
    return 0 <= opens < DAY_MINUTES and 0 < closes - opens <= DAY_MINUTES - bool(opens)


def _minutes_of(token: re.Match[str], end: str, mark: str | None) -> int:
    hour = int(token[f"hour{end}"])
    minute = 30 if token[f"half{end}"] else int(token[f"minute{end}"] or token[f"past{end}"] or 0)
    if minute > 59 or hour > 47:
        raise HoursError("impossible_time", part=token[0])
    if mark in _EVENING and hour == 12:
        hour = 24
    elif mark in _MORNING and hour == 12:
        hour = 0
    elif mark is not None and mark not in _MORNING and hour < 12 and not (mark == "中午" and hour >= 10):
        hour += 12
    return hour * 60 + minute


def _checked(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The windows of a day in order, those that touch joined. Raises HoursError 'overlap'."""
    checked: list[Window] = []
    for opens, closes in sorted(windows):
        if checked and opens < checked[-1][1]:
            raise HoursError("overlap")
        if checked and opens == checked[-1][1] and _is_window(checked[-1][0], closes):
            opens = checked.pop()[0]
        checked.append((opens, closes))
    return tuple(checked)


# --- Writing ---------------------------------------------------------------------------------------------------------

_WORDS: Mapping[str, Mapping[str, Any]] = {
    "en": {"days": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "to": "-", "and": ",", "every": "Daily"},
    "zh_Hans": {"days": tuple("周" + day for day in "一二三四五六日"), "to": "至", "and": "、", "every": "每日"},
    "zh_Hant": {"days": tuple("週" + day for day in "一二三四五六日"), "to": "至", "and": "、", "every": "每日"},
}
_ALWAYS = {"en": "24 hours", "zh_Hans": "24小时", "zh_Hant": "24小時"}
_NEVER = {"en": "closed", "zh_Hans": "休息", "zh_Hant": "公休"}


def format_hours(hours: Hours, language: str = "en") -> str:
    """The canonical text, which `parse_hours` reads back in any language; unknown hours are their own text.

    Store it in English, show and edit it in the reader's language.
    """
    if hours.week is None:
        return hours.text
    if hours.week == CLOSED.week:
        return _NEVER[language]
    if hours.week == ALWAYS_OPEN.week:
        return _ALWAYS[language]
    days_of: dict[tuple[Window, ...], list[int]] = {}
    for day, windows in enumerate(hours.week):
        if windows:
            days_of.setdefault(windows, []).append(day)
    return "; ".join(
        " ".join([_day_names(days, language), *(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in windows)])
        for windows, days in days_of.items()
    )


def format_days(hours: Hours, language: str = "en") -> str:
    """As `format_hours`, whole days by their names alone; `parse_days` reads it back."""
    said = format_hours(hours, language)
    return said if ";" in said else said.replace(" 00:00-24:00", "")


def _day_names(days: list[int], language: str) -> str:
    words = _WORDS[language]
    if len(days) == 7:
        return str(words["every"])
    starts = [days[0], *(after for before, after in pairwise(days) if after != before + 1)]
    ends = [*(before for before, after in pairwise(days) if after != before + 1), days[-1]]
    names = words["days"]
    return str(words["and"]).join(
        names[start] if start == end else f"{names[start]}{words['to']}{names[end]}"
        for start, end in zip(starts, ends, strict=True)
    )


def _clock(minutes: int) -> str:
    shown = minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES
    return f"{shown // 60:02d}:{shown % 60:02d}"
