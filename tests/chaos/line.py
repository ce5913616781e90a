"""The line between phone and server: a proxy on loopback that does to requests what networks do, at the worst moment.

It passes everything on until it is `cut` or made slow (`delay_s`), or has `strokes` for the posts to come: each post of
an entry takes one.
"""

import http.client
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIE = "Chaos-Die"  # the header that tells the server when to die: doomed.py
PATIENCE_S = 60
NOT_PASSED = {"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection"}
PLAIN = ("/sign-in", "/sign-out")  # posts that are no entries

Answer = tuple[int, str, list[tuple[str, str]], bytes]


class HungUpError(Exception):
    """The line breaks instead of an answer."""


@dataclass
class Line:
    """What happens to requests now. `struck` counts the strokes that hit."""

    server_port: int
    cut: bool = False
    delay_s: tuple[float, float] = (0.0, 0.0)
    strokes: deque[str] = field(default_factory=deque)
    struck: int = 0
    in_flight: int = 0
    on_post: Callable[[], None] = lambda: None  # called when a post with the stroke "phone" is on its way
    dice: Callable[[float, float], float] = lambda low, _high: low
    kill_server: Callable[[], None] = lambda: None
    posts: list[tuple[str, int | str]] = field(default_factory=list)  # what became of each post, for the report

    def heal(self) -> None:
        """Everything works from now on; what is struck already has done its harm."""
        end = time.monotonic() + 5
        while self.in_flight and time.monotonic() < end:
            time.sleep(0.02)
        self.cut, self.delay_s = False, (0.0, 0.0)
        self.strokes.clear()

    def carry(self, request: "_Request", body: bytes) -> Answer:
        """The server's answer, or whatever the line makes of it. HungUpError where there is none."""
        is_entry = request.command == "POST" and request.path not in PLAIN
        if self.delay_s[1]:
            time.sleep(self.dice(*self.delay_s))
        if self.cut:
            raise HungUpError
        stroke = ""
        if is_entry:
            with suppress(IndexError):
                stroke = self.strokes.popleft()
                self.struck += 1
        if not stroke:
            return self._pass(request, body)
        self.in_flight += 1
        try:
            return self._struck(stroke, request, body)
        finally:
            self.in_flight -= 1

    def _struck(self, stroke: str, request: "_Request", body: bytes) -> Answer:
        if stroke == "cut before":
            raise HungUpError
        if stroke.isdecimal():  # a balancer's own answer; nothing reaches the server
            return _told(int(stroke))
        if stroke == "captive":  # the sign-in page of somebody's Wi-Fi
            return 200, "OK", [("Content-Type", "text/html")], b"<title>Welcome</title>"
        if stroke == "captive redirect":
            return 302, "Found", [("Location", "/sign-in")], b""
        if stroke.startswith("die"):
            if stroke == "die anyhow":
                threading.Timer(self.dice(0.0, 0.08), self.kill_server).start()
                self._pass(request, body)
            else:
                self._pass(request, body, {DIE: stroke.removeprefix("die ")})
                self.kill_server()  # what did nothing had no commit to die at
            raise HungUpError
        if stroke == "phone":  # killed while the post is on its way; the server gets it all the same
            self.on_post()
        if stroke == "twice":
            self._pass(request, body)
        if stroke == "twice at once":
            beside = threading.Thread(target=self._quietly, args=(request, body))
            beside.start()
            answer = self._pass(request, body)
            beside.join()
            return answer
        answer = self._pass(request, body)
        if stroke == "cut after":
            raise HungUpError
        return _told(502) if stroke == "502 after" else answer

    def _quietly(self, request: "_Request", body: bytes) -> None:
        with suppress(HungUpError):
            self._pass(request, body)

    def _pass(self, request: "_Request", body: bytes, more: dict[str, str] | None = None) -> Answer:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=PATIENCE_S)
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


def _told(status: int) -> Answer:
    return status, "Chaos", [("Content-Type", "text/plain"), ("Retry-After", "1")], b"chaos"


class _Request(BaseHTTPRequestHandler):
    """One request: taken in whole, carried, answered, and the connection closed."""

    protocol_version = "HTTP/1.1"
    line: Line

    def answer(self) -> None:
        self.close_connection = True
        with suppress(OSError, ValueError):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            became: int | str = "no answer"
            try:
                status, reason, headers, content = self.line.carry(self, body)
                became = status
            except HungUpError:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            finally:
                if self.command == "POST":
                    self.line.posts.append((self.path, became))
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
