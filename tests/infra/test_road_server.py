"""An OSRM server elsewhere: a small one of our own answers, or does not."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.infra import road_server
from app.infra.road_server import RoadServer
from app.kernel.geo import Position
from app.kernel.travel import Estimate, NoWay, RoadsFailedError, Source

ESTIMATE = Estimate(1.2, 60)
FAR = Position(48.5, 9.0)  # the server has no road near


class Served(ThreadingHTTPServer):
    """Answers as OSRM does, by an estimate; `wrong` is what it does instead."""

    wrong: tuple[int, bytes] | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Served)
        self.server.asked.append(self.path)
        code, body = self.server.wrong or (200, json.dumps(answer(self.path)).encode())
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def answer(path: str) -> dict[str, Any]:
    """What OSRM says of positions, as its documentation has it."""
    parts = urlsplit(path)
    service, version, profile, where = parts.path.strip("/").split("/")
    assert (version, profile) == ("v1", "driving")
    positions = [Position(*map(float, reversed(each.split(",")))) for each in where.split(";")]
    asked = parse_qs(parts.query)
    waypoints = [{"distance": 5_000.0 if position.lat > 48 else 3.5} for position in positions]
    if service == "route":
        leg = ESTIMATE.leg(*positions)
        line = [[position.lon, position.lat] for position in leg.line]
        route = {"duration": leg.seconds, "distance": leg.metres, "geometry": {"coordinates": line}}
        return {"code": "Ok", "waypoints": waypoints, "routes": [route]}
    assert asked["annotations"] == ["duration,distance"]
    chosen = [
        [int(each) for each in asked[name][0].split(";")] if name in asked else list(range(len(positions)))
        for name in ("sources", "destinations")
    ]
    matrix = ESTIMATE.matrix(positions)
    rows, columns = chosen
    return {
        "code": "Ok",
        "sources": [waypoints[n] for n in rows],
        "destinations": [waypoints[n] for n in columns],
        "durations": [[float(matrix.seconds[n][m] or 0) for m in columns] for n in rows],
        "distances": [[float(matrix.metres[n][m] or 0) for m in columns] for n in rows],
    }


@pytest.fixture
def server() -> Iterator[Served]:
    with Served() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def places(count: int) -> list[Position]:
    return [Position(47 + n / 1000, 9 + n % 7 / 100) for n in range(count)]


def test_a_table_and_a_leg(server: Served) -> None:
    times = RoadServer(server.url).now()
    assert times.source is Source.SERVER
    assert times.matrix(places(3)) == ESTIMATE.matrix(places(3))
    leg = times.leg(*places(2))
    assert leg == ESTIMATE.leg(*places(2))
    assert len(server.asked) == 2 and all("generate_hints=false" in path for path in server.asked)


def test_a_large_table_is_asked_in_parts_that_servers_take(server: Served) -> None:
    assert RoadServer(server.url).now().matrix(places(130)) == ESTIMATE.matrix(places(130))
    assert len(server.asked) == 9
    assert max(path.count(";", 0, path.index("?")) + 1 for path in server.asked) <= 100


def test_a_place_without_a_road_has_a_reason(server: Served) -> None:
    matrix = RoadServer(server.url).now().matrix([*places(2), FAR])
    assert matrix.off == {2: NoWay.OFF_ROAD} and matrix.seconds[0][2] is None is matrix.metres[2][1]
    assert RoadServer(server.url).now().leg(places(1)[0], FAR).why is NoWay.OFF_ROAD


def test_no_route_is_an_answer(server: Served) -> None:
    times = RoadServer(server.url).now()
    server.wrong = 400, b'{"code": "NoRoute", "message": "Impossible route between points"}'
    with pytest.raises(RoadsFailedError):
        times.matrix(places(2))  # a table says so by null, never by a code
    assert times.ask("route", places(2)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        (500, b"oops"),
        (200, b"<html>a proxy's page</html>"),
        (200, b'{"code": "Ok"}'),
        (200, b'{"code": "Ok", "sources": [], "destinations": [], "durations": [], "distances": []}'),
        (200, b"[]"),
        (400, b'{"code": "TooBig"}'),
        (200, b'{"code": "Ok", "waypoints": [], "routes": [{"duration": Infinity, "distance": 1}]}'),
        (200, b'{"code": "Ok", "sources": [{"distance": 1}, {"distance": 1}], "destinations": [{}, {}]}'),
    ],
)
def test_nonsense_is_a_failure(server: Served, wrong: tuple[int, bytes]) -> None:
    server.wrong = wrong
    times = RoadServer(server.url).now()
    with pytest.raises(RoadsFailedError):
        times.matrix(places(2))
    with pytest.raises(RoadsFailedError):
        times.leg(*places(2))


def test_who_failed_is_left_alone_for_a_while(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    known = RoadServer(server.url)
    server.wrong = 503, b""
    for _ in range(3):
        with pytest.raises(RoadsFailedError):
            known.now().matrix(places(2))
    assert len(server.asked) == 1, "not every page waits for it"
    server.wrong = None
    monkeypatch.setattr(road_server, "LEFT_ALONE_S", 0.0)
    assert known.now().matrix(places(2)) == ESTIMATE.matrix(places(2))


def test_nobody_there_and_nobody_answering(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.url
    server.wrong = 200, b"{"
    with pytest.raises(RoadsFailedError):
        RoadServer("http://127.0.0.1:1").now().matrix(places(2))
    with pytest.raises(RoadsFailedError):
        RoadServer(url).now().matrix(places(2))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as silent:  # listens, and never answers
        monkeypatch.setattr(road_server, "WAIT_S", 0.05)
        with pytest.raises(RoadsFailedError, match="timed out"):
            RoadServer(f"http://127.0.0.1:{silent.server_address[1]}").now().matrix(places(2))
