"""The line of `make chaos` counts a fault only where it has hit a post of an entry."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.chaos.line import DIE, OF_AN_ENTRY, Line, open_line
from tests.e2e.conftest import free_port

KEY = "01900000-0000-7000-8000-000000000001"


class Upstream(BaseHTTPRequestHandler):
    """Answers with the status that the address names. Where it is told to die it hangs up, but for a refusal."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if DIE in self.headers and self.path != "/400":
            return
        self.send_response(int(self.path[1:]))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def line() -> Iterator[Line]:
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, args=(0.01,), daemon=True).start()
    yield Line(upstream.server_port)
    upstream.shutdown()
    upstream.server_close()


def post(line: Line, path: str = "/204", *, is_entry: bool = True) -> int | None:
    """The status of the answer; None without one."""
    port = free_port()
    proxy = open_line(port, line)
    phone = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        phone.request("POST", path, f"text=a+b&once={KEY}", {OF_AN_ENTRY: "now"} if is_entry else {})
        return phone.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        phone.close()
        proxy.shutdown()
        proxy.server_close()


def test_an_entry_that_passes_is_known_and_shows_no_fault(line: Line) -> None:
    assert post(line) == 204
    assert (line.seen, line.answered, line.under_way) == (set(), {KEY}, set())
    assert "text=a b" in line.posted[KEY]


def test_what_is_no_entry_takes_no_stroke_and_is_no_hit(line: Line) -> None:
    line.strokes.append("500")
    assert post(line, "/401", is_entry=False) == 401
    line.cut = True
    assert post(line, is_entry=False) is None
    assert (line.seen, line.posted, list(line.strokes)) == (set(), {}, ["500"])


@pytest.mark.parametrize(
    ("stroke", "path", "status", "kind"),
    [
        ("cut before", "/204", None, "cut"),
        ("cut after", "/204", None, "cut"),
        ("503", "/204", 503, "500"),
        ("502 after", "/204", 502, "500"),
        ("captive", "/204", 200, "stray answer"),
        ("twice", "/204", 204, "twice"),
        ("", "/401", 401, "sign-in"),
    ],
)
def test_a_stroke_counts_as_what_the_phone_got(
    line: Line, stroke: str, path: str, status: int | None, kind: str
) -> None:
    line.strokes.extend([stroke] if stroke else [])
    assert post(line, path) == status
    assert line.seen == {kind}
    assert line.answered == ({KEY} if status == 204 else set())


def test_a_cut_and_a_slow_line_count_at_an_entry(line: Line) -> None:
    line.delay_s = (0.001, 0.001)
    assert post(line) == 204
    assert line.seen == {"slow"}
    line.cut = True
    assert post(line) is None
    assert line.seen == {"slow", "cut"}


@pytest.mark.parametrize(("is_done", "kind"), [(False, "kill-before"), (True, "kill-after")])
def test_the_receipt_says_on_which_side_of_the_commit_the_server_died(line: Line, is_done: bool, kind: str) -> None:
    line.was_done = lambda key: is_done and key == KEY
    line.strokes.append("die before")
    assert post(line) is None
    assert line.seen == {kind}


def test_a_server_that_was_to_die_and_answered_is_no_hit_and_dies_at_the_next_post(line: Line) -> None:
    line.strokes.append("die after")
    assert post(line, "/400") == 400
    assert (line.seen, list(line.strokes)) == (set(), ["die after"])


def test_a_server_that_is_gone_was_not_killed_under_the_post(line: Line) -> None:
    line.server_port = free_port()
    line.strokes.append("die before")
    assert post(line) is None
    assert line.seen == {"server gone"}


def test_both_count_only_where_the_browser_still_ran(line: Line) -> None:
    line.strokes.extend(["phone die before"] * 2)
    assert post(line) is None
    assert line.seen == {"kill-before"}
    line.kill_phone = lambda: True
    assert post(line) is None
    assert line.seen == {"kill-before", "browser", "both"}
