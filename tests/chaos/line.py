"""The line between phone and server: a proxy on loopback that does to requests what networks do, at the worst moment.

It passes everything on until it is `cut` or made slow (`delay_s`), or has `strokes` for the posts to come: each post of
an entry takes one. It is also the witness: what has really happened to a post of an entry is in `seen`.
"""

import http.client
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

DIE = "Chaos-Die"  # the header that tells the server when to die: doomed.py
PATIENCE_S, HEAL_S = 60, 15
NOT_PASSED = {"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection"}
OF_AN_ENTRY = "Outbox-Sent"  # the header of an entry's post: sign-in and looks are posts without it
KEY = re.compile(rb'\bonce(?:=|"\r\n\r\n)([0-9a-f-]{36})')
TRY_AGAIN = (401, 408, 425, 429)  # what the phone does not take for a refusal

Answer = tuple[int, str, list[tuple[str, str]], bytes]
STRAY: dict[str, Answer] = {  # what others than the server say
    "captive": (200, "OK", [("Content-Type", "text/html")], b"<title>Welcome</title>"),  # somebody's Wi-Fi
    "captive redirect": (302, "Found", [("Location", "/sign-in")], b""),
}


class HungUpError(Exception):
    """The line breaks instead of an answer."""


class UnreachedError(HungUpError):
    """Nothing listens at the server's port."""


@dataclass
class Line:
    """What happens to requests now, and what has happened to entries.

    `seen`: the kinds of faults that have hit a post of an entry. `posted`: by key, the words of each entry that ever
    came along. `answered`: keys of entries of which the phone was told that they are done or refused.
    """

    server_port: int
    cut: bool = False
    delay_s: tuple[float, float] = (0.0, 0.0)
    strokes: deque[str] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    posted: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    under_way: set["_Request"] = field(default_factory=set)
    dice: Callable[[float, float], float] = lambda low, _high: low
    kill_phone: Callable[[], bool] = lambda: False  # whether it was alive
    kill_server: Callable[[], None] = lambda: None
    was_done: Callable[[str], bool] = lambda _key: False  # whether the entry's transaction was committed

    def heal(self) -> None:
        """Everything works from now on; what is struck already has done its harm."""
        self.cut, self.delay_s = False, (0.0, 0.0)
        self.strokes.clear()
        end = time.monotonic() + HEAL_S
        while self.under_way and time.monotonic() < end:
            time.sleep(0.02)

    def carry(self, request: "_Request", body: bytes) -> Answer:
        """The server's answer, or whatever the line makes of it. HungUpError where there is none."""
        found = KEY.search(body) if OF_AN_ENTRY in request.headers else None
        if found is None:
            if self.delay_s[1]:
                time.sleep(self.dice(*self.delay_s))
            if self.cut:
                raise HungUpError
            return self._pass(request, body)
        key = found[1].decode()
        self.posted.setdefault(key, f"{request.path} {unquote_plus(body.decode('latin-1'))}")
        self.under_way.add(request)
        try:
            answer = self._carry_entry(key, request, body)
        except UnreachedError:
            self.seen.add("server gone")
            raise
        finally:
            self.under_way.discard(request)
        status = answer[0]
        if status == 401:
            self.seen.add("sign-in")
        if status == 204 or (400 <= status < 500 and status not in TRY_AGAIN):
            self.answered.add(key)
        return answer

    def _carry_entry(self, key: str, request: "_Request", body: bytes) -> Answer:
        delay = self.dice(*self.delay_s) if self.delay_s[1] else 0.0
        time.sleep(delay / 2)
        if self.cut:
            self.seen.add("cut")
            raise HungUpError
        stroke = ""
        with suppress(IndexError):
            stroke = self.strokes.popleft()
        answer = self._struck(stroke, key, request, body) if stroke else self._pass(request, body)
        time.sleep(delay / 2)
        if delay:
            self.seen.add("slow")
        return answer

    def _struck(self, stroke: str, key: str, request: "_Request", body: bytes) -> Answer:
        if stroke == "cut before":
            self.seen.add("cut")
            raise HungUpError
        if stroke in STRAY:
            self.seen.add("stray answer")
            return STRAY[stroke]
        if stroke.isdecimal():  # a balancer's own answer; nothing reaches the server
            return self._told(int(stroke))
        phone_died = stroke.startswith("phone") and self.kill_phone()  # the server gets the post all the same
        if phone_died:
            self.seen.add("browser")
        if "die" in stroke:
            return self._die(stroke, key, request, body, {"both"} if phone_died else set())
        if stroke.startswith("twice"):
            return self._twice(stroke, request, body)
        answer = self._pass(request, body)
        if stroke == "cut after":
            self.seen.add("cut")
            raise HungUpError
        return self._told(502) if stroke == "502 after" else answer

    def _die(self, stroke: str, key: str, request: "_Request", body: bytes, also: set[str]) -> Answer:
        """The server dies under the post. Whether that was before the commit, its database says afterwards."""
        somewhere, moment, answer = stroke.endswith("anyhow"), stroke.rpartition(" ")[2], None
        killer = threading.Timer(self.dice(0.0, 0.08), self.kill_server)
        if somewhere:
            killer.start()
        try:
            answer = self._pass(request, body, {} if somewhere else {DIE: moment})
        except UnreachedError:
            raise
        except HungUpError:
            pass
        if somewhere:
            killer.join()
        elif answer:  # it came to no commit: the next post takes the stroke
            self.strokes.appendleft(stroke)
            return answer
        self.kill_server()  # and all that belongs to it
        if (done := self.was_done(key)) or answer is None:
            self.seen |= {"kill-after" if done else "kill-before", *also}
        raise HungUpError

    def _twice(self, stroke: str, request: "_Request", body: bytes) -> Answer:
        answers: list[Answer] = []

        def deliver() -> None:
            with suppress(HungUpError):
                answers.append(self._pass(request, body))

        first = threading.Thread(target=deliver)
        first.start()
        if stroke == "twice":
            first.join()
        answer = self._pass(request, body)
        first.join()
        if answers:
            self.seen.add("twice")
        return answer

    def _told(self, status: int) -> Answer:
        self.seen.add("500" if status >= 500 else "stray answer")
        return status, "Chaos", [("Content-Type", "text/plain"), ("Retry-After", "1")], b"chaos"

    def _pass(self, request: "_Request", body: bytes, more: dict[str, str] | None = None) -> Answer:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=PATIENCE_S)
        try:
            upstream.connect()
        except ConnectionRefusedError as error:
            raise UnreachedError from error
        try:
            upstream.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in NOT_PASSED:
                    upstream.putheader(name, value)
            for name, value in (more or {}).items():
                upstream.putheader(name, value)
            if request.command == "POST":
                upstream.putheader("Content-Length", str(len(body)))
            upstream.putheader("Connection", "close")
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            return answer.status, answer.reason, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise HungUpError from error
        finally:
            upstream.close()


class _Request(BaseHTTPRequestHandler):
    """One request: taken in whole, carried, answered, and the connection closed."""

    protocol_version = "HTTP/1.1"
    line: Line

    def answer(self) -> None:
        self.close_connection = True
        with suppress(OSError, ValueError):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, reason, headers, content = self.line.carry(self, body)
            except HungUpError:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response_only(status, reason)
            for name, value in headers:
                if name.lower() not in NOT_PASSED:
                    self.send_header(name, value)
            if status >= 200 and status not in (204, 304):
                self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    do_GET = do_POST = do_HEAD = answer  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that was killed hangs up anywhere."""


def open_line(port: int, line: Line) -> ThreadingHTTPServer:
    """Listen on the loopback port; `.shutdown()` ends it."""
    proxy = _Proxy(("127.0.0.1", port), type("Request", (_Request,), {"line": line}))
    threading.Thread(target=proxy.serve_forever, args=(0.1,), daemon=True).start()
    return proxy
