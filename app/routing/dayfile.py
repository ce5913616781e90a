"""A rep's day as JSON: read into a problem, and its plan written.

All times are seconds since midnight, all nodes rows of `travel`. `shift` is the earliest departure from `start` and the
latest arrival at `end`; an account's visit begins in one of `windows_of_service_start`. null in `travel` is a way that
does not exist. Fractions of seconds are rounded so that what is planned is possible.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from app.routing.problem import UNREACHABLE, Day, Lunch, Problem, Visit, normal
from app.routing.solver import Plan
from app.routing.why import CAUSE_NAMES, REASON_NAMES, causes, no_day

FINE = 1000  # parts of a prize that are told apart where prizes are no whole numbers
_LUNCH = ("earliest_start", "latest_start", "duration")


class DayFileError(ValueError):
    """The content is no day; the text says where."""


def parse_day(text: str) -> Problem:
    """The problem in a JSON text. DayFileError where it is none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DayFileError(f"this is no JSON: {error}") from None
    return read_day(content)


def read_day(content: Any) -> Problem:
    """One day and its visits, in the order of the accounts. DayFileError where something is missing or no number."""
    if not isinstance(content, Mapping):
        raise DayFileError("the file holds no object")
    if content.get("unit", "seconds") != "seconds":
        raise DayFileError("unit: only seconds are known")
    shift = _pair(_need(content, "shift", ""), "shift")
    day = Day(
        start=_whole(_need(content, "start", ""), "start"),
        end=_whole(_need(content, "end", ""), "end"),
        opens=_after(shift[0]),
        closes=_before(shift[1]),
        lunch=_lunch(content.get("lunch")),
        max_stops=None if content.get("max_stops") is None else _whole(content["max_stops"], "max_stops"),
    )
    rows = _list(_need(content, "travel", ""), "travel")
    travel = [_row(row, f"travel[{number}]") for number, row in enumerate(rows)]
    accounts = _list(_need(content, "accounts", ""), "accounts")
    prizes = [_prize(account, f"accounts[{number}]") for number, account in enumerate(accounts)]
    scale = 1 if all(prize == int(prize) for prize in prizes) else FINE
    visits = tuple(
        _visit(account, round(prize * scale), f"accounts[{number}]")
        for number, (account, prize) in enumerate(zip(accounts, prizes, strict=True))
    )
    try:
        return Problem(visits, (day,), travel)
    except ValueError as error:
        raise DayFileError(str(error).replace("visit ", "account ")) from None


def write_day(problem: Problem, plan: Plan) -> dict[str, Any]:
    """The plan of a problem with one day, ready for JSON. `reasons` say why it is no plan, or not for every must."""
    run = plan.runs[0]
    node = [visit.node for visit in problem.visits]
    missing = sum(problem.visits[out.visit].must for out in plan.left_out)
    reasons = []
    if plan.hopeless:
        reasons.append({"reason": no_day(problem, 0).value, "text": REASON_NAMES[no_day(problem, 0)]})
    elif missing:
        text = "Not every visit that has to be made fits into the day"
        reasons.append({"reason": "musts_left_out", "text": text})
    if not problem.visits:
        reasons.append({"reason": "no_accounts", "text": "There is nothing to plan"})
    return {
        "order": [node[visit] for visit in run.order],
        "stops": [
            {
                "node": node[stop.visit],
                "arrive": stop.arrive,
                "start": stop.start,
                "depart": stop.depart,
                "why": cause.value,
                "text": CAUSE_NAMES[cause],
            }
            for stop, cause in zip(run.stops, causes(problem, 0, run), strict=True)
        ],
        "lunch_start": None if plan.hopeless else run.lunch_start,
        "finish": None if plan.hopeless else run.finish,
        "travel": run.travel,
        "unplanned": [
            {"node": node[out.visit], "reason": out.reason.value, "text": REASON_NAMES[out.reason]}
            for out in plan.left_out
        ],
        "reasons": reasons,
        "engine": plan.engine,
        "seconds": round(plan.seconds, 4),
        "cut_short": plan.cut_short,
    }


def _visit(account: Mapping[str, Any], prize: int, where: str) -> Visit:
    listed = _list(_need(account, "windows_of_service_start", where), f"{where}.windows_of_service_start")
    pairs = [_pair(each, f"{where}.windows_of_service_start") for each in listed]
    return Visit(
        node=_whole(_need(account, "node", where), f"{where}.node"),
        service=_after(_number(_need(account, "visit", where), f"{where}.visit")),
        windows=(normal([(_after(first), _before(last)) for first, last in pairs]),),
        must=_flag(account.get("must", False), f"{where}.must"),
        prize=prize,
    )


def _prize(account: Any, where: str) -> float:
    if not isinstance(account, Mapping):
        raise DayFileError(f"{where} is no object")
    prize = _number(account.get("prize", 0), f"{where}.prize")
    if not 0 <= prize <= UNREACHABLE:
        raise DayFileError(f"{where}.prize is negative or beyond {UNREACHABLE}")
    return prize


def _lunch(content: Any) -> Lunch | None:
    if content is None:
        return None
    if not isinstance(content, Mapping):
        raise DayFileError("lunch is no object")
    earliest, latest, duration = (_number(_need(content, name, "lunch"), f"lunch.{name}") for name in _LUNCH)
    return Lunch(_after(earliest), _before(latest), _after(duration))


def _row(row: Any, where: str) -> Sequence[int]:
    listed = _list(row, where)
    if all(type(each) is int and each <= UNREACHABLE for each in listed):
        return listed
    return [_after(UNREACHABLE if each is None else _number(each, where)) for each in listed]


def _need(content: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in content:
        raise DayFileError(f"{where + '.' if where else ''}{name} is missing")
    return content[name]


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise DayFileError(f"{where} is no list")
    return value


def _pair(value: Any, where: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise DayFileError(f"{where} is no pair of times")
    return _number(value[0], where), _number(value[1], where)


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise DayFileError(f"{where} is no number: {json.dumps(value)[:40]}")
    return value


def _after(second: float) -> int:
    """The next whole second; what lies beyond all days is at their end."""
    return math.ceil(min(max(second, -UNREACHABLE), UNREACHABLE))


def _before(second: float) -> int:
    """The whole second before it."""
    return -_after(-second)


def _whole(value: Any, where: str) -> int:
    number = _number(value, where)
    if abs(number) > UNREACHABLE or number != int(number):
        raise DayFileError(f"{where} is no whole number")
    return int(number)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise DayFileError(f"{where} is neither true nor false")
    return value
