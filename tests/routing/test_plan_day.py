"""`flask plan-day FILE`: one JSON object for whatever day is in it, and a clear message where none is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.config import ROOT
from app.planning.commands import plan_day
from app.routing.dayfile import FINE, DayFileError, parse_day, read_day
from app.routing.problem import UNREACHABLE
from app.routing.simulator import simulate
from tests.shared import SHARED


def content() -> dict[str, Any]:
    """Three accounts along a street, of which the last closes at noon."""
    places = (0, 600, 1200, 2400)
    return {
        "unit": "seconds",
        "shift": [28_800, 61_200],
        "start": 0,
        "end": 0,
        "max_stops": 10,
        "lunch": {"earliest_start": 41_400, "latest_start": 46_800, "duration": 2700},
        "travel": [[abs(a - b) for b in places] for a in places],
        "accounts": [
            {"node": 1, "visit": 1800, "windows_of_service_start": [[28_800, 57_600]], "must": True, "prize": 0},
            {"node": 2, "visit": 1800, "windows_of_service_start": [[46_800, 57_600]], "must": False, "prize": 3},
            {"node": 3, "visit": 1800, "windows_of_service_start": [[28_800, 43_200]], "must": False, "prize": 9},
        ],
    }


def planned(tmp_path: Path, day: object) -> dict[str, Any]:
    file = tmp_path / "day.json"
    file.write_text(day if isinstance(day, str) else json.dumps(day))
    result = CliRunner().invoke(plan_day, [str(file), "--seconds", "0.01"])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.output)
    return answer


def refused(tmp_path: Path, day: object) -> str:
    file = tmp_path / "day.json"
    file.write_text(day if isinstance(day, str) else json.dumps(day))
    result = CliRunner().invoke(plan_day, [str(file)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def test_a_day_is_planned(tmp_path: Path) -> None:
    answer = planned(tmp_path, content())
    assert answer["order"] == [3, 1, 2] or answer["order"] == [1, 3, 2]
    assert [stop["node"] for stop in answer["stops"]] == answer["order"]
    assert all(stop["arrive"] <= stop["start"] < stop["depart"] for stop in answer["stops"])
    assert 41_400 <= answer["lunch_start"] <= 46_800
    assert answer["unplanned"] == answer["reasons"] == []
    assert answer["engine"] in {"vroom", "pyvrp", "beam"}
    assert 0 < answer["seconds"] < 60


def test_without_lunch_there_is_none(tmp_path: Path) -> None:
    day = content()
    del day["lunch"], day["max_stops"]
    assert planned(tmp_path, day)["lunch_start"] is None


def impossible(tmp_path: Path, **changes: Any) -> tuple[list[int], dict[int, str], list[str]]:
    answer = planned(tmp_path, content() | changes)
    reasons = {each["node"]: each["reason"] for each in answer["unplanned"]}
    assert all(each["text"] for each in answer["unplanned"] + answer["reasons"])
    return answer["order"], reasons, [each["reason"] for each in answer["reasons"]]


def test_a_must_outside_the_shift_is_left_out(tmp_path: Path) -> None:
    accounts = content()["accounts"]
    accounts[0]["windows_of_service_start"] = [[64_800, 68_400]]
    order, reasons, whole = impossible(tmp_path, accounts=accounts)
    assert (order, reasons, whole) == ([3, 2], {1: "outside_shift"}, ["musts_left_out"])


def test_where_no_lunch_is_possible_nothing_is_planned(tmp_path: Path) -> None:
    lunch = {"earliest_start": 10_000, "latest_start": 20_000, "duration": 2700}
    order, reasons, whole = impossible(tmp_path, lunch=lunch)
    assert (order, set(reasons.values()), whole) == ([], {"no_lunch_possible"}, ["no_lunch_possible"])


@pytest.mark.parametrize("no_way", [None, 99_999_999, 1_000_000, 10**30, float("inf")])
def test_an_island_is_left_out(tmp_path: Path, no_way: float | None) -> None:
    travel = content()["travel"]
    for other in range(3):
        travel[3][other] = travel[other][3] = no_way
    assert impossible(tmp_path, travel=travel)[:2] == ([1, 2], {3: "unreachable"})


def test_an_empty_day_is_empty(tmp_path: Path) -> None:
    assert impossible(tmp_path, accounts=[]) == ([], {}, ["no_accounts"])


def test_a_shift_that_ends_before_it_begins_has_no_time(tmp_path: Path) -> None:
    order, reasons, whole = impossible(tmp_path, shift=[61_200, 28_800])
    assert (order, set(reasons.values()), whole) == ([], {"no_day"}, ["no_day"])


def test_a_shift_without_end_is_long(tmp_path: Path) -> None:
    accounts = content()["accounts"]
    accounts[1]["windows_of_service_start"] = [[-1e300, 1e300]]
    order, reasons, whole = impossible(tmp_path, shift=[-(10**15), 10**15], accounts=accounts)
    assert (sorted(order), reasons, whole) == ([1, 2, 3], {}, [])


def test_no_windows_is_closed(tmp_path: Path) -> None:
    accounts = content()["accounts"]
    accounts[1]["windows_of_service_start"] = []
    accounts[2]["windows_of_service_start"] = [[43_200, 28_800]]
    assert impossible(tmp_path, accounts=accounts)[1] == {2: "closed", 3: "closed"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"travel": [[0, 1], [1, 0]]}, "account 1: node 2 is outside the matrix of 2 nodes"),
        ({"travel": [[0, 1], [1]]}, "row 1 has 1 columns"),
        ({"travel": [["0"]]}, 'travel[0] is no number: "0"'),
        ({"travel": [[-5]]}, "negative"),
        ({"travel": 7}, "travel is no list"),
        ({"shift": [1]}, "shift is no pair of times"),
        ({"start": 1.5}, "start is no whole number"),
        ({"start": -1}, "start -1 is outside"),
        ({"max_stops": -1}, "max_stops is negative"),
        ({"lunch": []}, "lunch is no object"),
        ({"lunch": {"duration": 5}}, "lunch.earliest_start is missing"),
        ({"unit": "minutes"}, "only seconds"),
        ({"accounts": [5]}, "accounts[0] is no object"),
        ({"accounts": [{"node": 1}]}, "accounts[0].windows_of_service_start is missing"),
        ({"accounts": [{"node": True, "visit": 1, "windows_of_service_start": []}]}, "accounts[0].node is no number"),
        ({"accounts": [{"node": 1, "visit": -1, "windows_of_service_start": []}]}, "account 0: neither its length"),
        ({"accounts": [{"node": 1, "visit": 1, "windows_of_service_start": [], "must": 1}]}, "must is neither true"),
        ({"accounts": [{"node": 1, "visit": 1, "windows_of_service_start": [], "prize": -1}]}, "prize is negative"),
    ],
)
def test_what_is_no_day_is_refused_with_the_place(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    assert message in refused(tmp_path, content() | change)


@pytest.mark.parametrize("name", ["travel", "shift", "start", "end", "accounts"])
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    day = content()
    del day[name]
    assert f"{name} is missing" in refused(tmp_path, day)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    assert "this is no JSON" in refused(tmp_path, "{")
    assert "holds no object" in refused(tmp_path, "[]")
    assert "this is no JSON" in refused(tmp_path, "[" * 100_000)
    (tmp_path / "day.json").write_bytes(b"\xff")
    assert CliRunner().invoke(plan_day, [str(tmp_path / "day.json")]).exit_code == 1
    assert "No such file" in CliRunner().invoke(plan_day, [str(tmp_path / "none")]).stderr
    with pytest.raises(DayFileError, match="start is no number: NaN"):
        parse_day(json.dumps(content() | {"start": float("nan")}))


def test_fractions_are_rounded_to_what_is_possible() -> None:
    day = content()
    day["shift"] = [28_800.5, 61_200.5]
    day["travel"][0][1] = 600.2
    day["travel"][0][2] = float("inf")
    day["accounts"][0] |= {"visit": 1800.1, "prize": 2.5, "windows_of_service_start": [[100.1, 200.9]]}
    problem = read_day(day)
    assert (problem.days[0].opens, problem.days[0].closes) == (28_801, 61_200)
    assert problem.travel[0][:3] == [0, 601, UNREACHABLE]
    assert (problem.visits[0].service, problem.visits[0].windows) == (1801, (((101, 200),),))
    assert [visit.prize for visit in problem.visits] == [2.5 * FINE, 3 * FINE, 9 * FINE]


def test_the_command_needs_no_database_and_prints_one_object(tmp_path: Path) -> None:
    (tmp_path / "day.json").write_text(json.dumps(content()))
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "plan-day", str(tmp_path / "day.json")]
    environment = {"FIELDBOOK_DATA": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["order"]


def test_whoever_does_not_plan_does_not_load_the_engines() -> None:
    ask = "import sys, app.slices; print({'vroom', 'pyvrp'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("file", sorted((SHARED / "routing" / "dayplan").glob("*.json")), ids=lambda path: path.stem)
def test_real_days_are_as_good_as_the_best_found(file: Path) -> None:
    result = CliRunner().invoke(plan_day, [str(file)])
    answer, day = json.loads(result.output), json.loads(file.read_text())
    problem = read_day(day)
    visit = {account["node"]: number for number, account in enumerate(day["accounts"])}
    order = tuple(visit[node] for node in answer["order"])
    run = simulate(problem, 0, order)
    assert not run.breaches
    assert all(problem.visits[number].must <= (number in order) for number in range(len(problem.visits)))
    prize = sum(problem.visits[number].prize for number in order if not problem.visits[number].must)
    assert prize >= 0.995 * day["best_found"]["prize"]
