"""Starting: one command serves all of it over https, survives the death of its children, and ends with all of them."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import cli
from app.config import ROOT
from app.factory import create_app
from app.identity.models import Person, Team
from app.infra.db import db
from tests.conftest import PASSWORD, settings_for

PATIENCE_S = 60


def environment(data: Path, **settings: str) -> dict[str, str]:
    ours = ("FIELDBOOK_", "DATABASE_URL", "HOST", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "FIELDBOOK_DATA": str(data), "PYTHONPATH": str(ROOT), **settings}


def flask(data: Path, *arguments: str, typed: str | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an administrator does."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT, env=environment(data, **settings), input=typed, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip


def children_of(pid: int) -> dict[int, str]:
    """Pid -> command line of the processes that `pid` has started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return {int(row[0]): row[2] for row in rows if int(row[1]) == pid and "<defunct>" not in row[-1]}


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    data: Path
    port: int
    trusted: ssl.SSLContext
    log: Path

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **form: str) -> tuple[Any, str]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trusted, timeout=PATIENCE_S)
        try:
            sent = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
            connection.request(method, path, urlencode(form) if form else None, {**sent, **(headers or {})})
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def wait_until_it_answers(self) -> str:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return self.ask("GET", "/healthz")[1]
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"no answer:\n{self.log.read_text()}")

    def wait_for_child_instead_of(self, gone: int, kind: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = [pid for pid, args in children_of(self.process.pid).items() if kind in args and pid != gone]
            if len(found) == (1 if kind == "granian" else cli.WORKERS):
                return
            time.sleep(0.05)
        raise AssertionError(f"{kind} was not started again:\n{self.log.read_text()}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`flask up` (what `make serve` runs) over https, with a certificate made for this test, and one administrator."""
    folder = tmp_path_factory.mktemp("start")
    data, cert, key, log = folder / "data", folder / "cert.pem", folder / "key.pem", folder / "log"
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"FIELDBOOK_TLS_CERT": str(cert), "FIELDBOOK_TLS_KEY": str(key), "PORT": str(port)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "up"],
            cwd=ROOT, env=environment(data, **settings), stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
        server = Server(process, data, port, ssl.create_default_context(cafile=cert), log)
        try:
            server.wait_until_it_answers()
            added = flask(data, "people", "add-admin", "ada@field.example", "--password", PASSWORD)
            assert added.returncode == 0, added.stderr
            yield server
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(30)


def test_it_is_served_over_https_only(server: Server) -> None:
    assert '"database":"ok"' in server.wait_until_it_answers().replace(" ", "")
    with pytest.raises((OSError, http.client.HTTPException)):
        plain = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        plain.request("GET", "/healthz")
        plain.getresponse()
    plain.close()
    said = server.log.read_text()
    assert f"Fieldbook is at https://127.0.0.1:{server.port}" in said
    assert "Phones" in said


def test_twenty_phones_with_a_slow_network_keep_nobody_waiting(server: Server) -> None:
    head = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\nSec-Fetch-Site: same-origin\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
    slow = []
    try:
        for _ in range(20):
            plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            slow.append(server.trusted.wrap_socket(plain, server_hostname="127.0.0.1"))
            slow[-1].sendall(head + form)  # and then nothing more
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=server.trusted, timeout=10)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        for each in slow:
            each.close()


def test_without_the_demo_there_are_no_demo_sign_ins(server: Server) -> None:
    page = server.ask("GET", "/sign-in")[1]
    assert "demo" not in page and "demo" not in server.log.read_text()
    answer, _ = server.ask("POST", "/sign-in", email="admin@demo.example", password="fieldbook-demo")
    assert answer.status == 422


def test_the_first_administrator_signs_in_with_a_secure_cookie(server: Server) -> None:
    answer, _ = server.ask("POST", "/sign-in", email="ada@field.example", password=PASSWORD)
    cookie = answer.headers["Set-Cookie"]
    assert answer.status == 303
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    answer, page = server.ask("GET", "/people", {"Cookie": cookie.partition(";")[0]})
    assert answer.status == 200
    assert "ada@field.example" in page


def test_a_file_that_is_too_large_is_answered_and_the_connection_is_not_cut(server: Server) -> None:
    answer, page = server.ask("POST", "/sign-in", email="x" * 13_000_000)
    assert answer.status == 413
    assert "That is too large" in page


def test_a_port_in_use_is_told(server: Server, tmp_path: Path) -> None:
    second = flask(tmp_path / "second", "up", PORT=str(server.port))
    assert second.returncode == 1
    assert f"PORT={server.port}: Address already in use" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("kind", ["worker", "granian"])
def test_whoever_is_killed_is_started_again(server: Server, kind: str) -> None:
    victim = next(pid for pid, args in children_of(server.process.pid).items() if kind in args)
    os.kill(victim, signal.SIGKILL)
    server.wait_for_child_instead_of(victim, kind)
    server.wait_until_it_answers()
    assert "ended (-9) and is started again" in server.log.read_text()


def test_ctrl_c_ends_all_of_them(server: Server) -> None:
    children = children_of(server.process.pid)
    family = {*children, *(grandchild for child in children for grandchild in children_of(child))}
    assert len(family) >= 1 + cli.WORKERS
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(30) == 0, server.log.read_text()
    for pid in family:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", server.port)) != 0
    assert "Traceback" not in server.log.read_text()


# --- Keeping the children ------------------------------------------------------------------------------------------

KEEPER = """
import sys
from app.cli import _run_together
sys.exit(_run_together({"one": [sys.executable, "-c", sys.argv[1]], "other": [sys.executable, "-c", sys.argv[2]]}))
"""
WAIT = "import os, time; os.write(1, b'waiting\\n'); time.sleep(600)"


def test_who_ends_again_and_again_ends_everything_with_an_error(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KEEPER, WAIT, "import sys; sys.exit(7)"],
        env=environment(tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert ended.returncode == 7
    assert ended.stderr.count("The other ended (7) and is started again.") == cli.MOST_STARTS - 1
    assert "The other ended again and again (7)" in ended.stderr


def test_ending_without_an_error_code_is_an_error_too(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KEEPER, WAIT, "pass"],
        env=environment(tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert ended.returncode == 1


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_or_a_stopped_unit_ends_all(tmp_path: Path, sign: signal.Signals) -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, WAIT, WAIT],
        env=environment(tmp_path), cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with keeper:
        assert keeper.stdout is not None
        heard = [keeper.stdout.readline() for _ in range(2)]
        keeper.send_signal(sign)
        assert keeper.wait(PATIENCE_S) == 0
        assert keeper.stdout.read() == "", "both have closed it"
    assert heard == ["waiting\n"] * 2


# --- The first administrator -----------------------------------------------------------------------------------------


def test_without_tables_one_line_says_what_to_do(tmp_path: Path) -> None:
    new = create_app(settings_for(tmp_path))
    asked = new.test_cli_runner().invoke(args=["people", "add-admin", "ada@field.example", "--password", PASSWORD])
    assert (asked.exit_code, asked.output) == (1, "Error: The database has no tables yet: run `make serve` first.\n")
    with new.app_context():
        db.engine.dispose()


def test_administrators_are_added_from_the_command_line(app: Flask) -> None:
    def add(email: str, *options: str, typed: str | None = None) -> Any:
        return app.test_cli_runner().invoke(args=["people", "add-admin", email, *options], input=typed)

    weak = add("ada@field.example", "--password", "short")
    assert (weak.exit_code, weak.output.strip()) == (1, "Error: Use at least 10 characters.")
    typed = add("ada@field.example", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (typed.exit_code, "ada@field.example can sign in now." in typed.output) == (0, True), typed.output
    assert PASSWORD not in typed.output
    second = add("Ben@Field.Example", "--password", PASSWORD, "--language", "zh_Hant")
    assert second.exit_code == 0, second.output
    again = add("ben@field.example", "--password", PASSWORD)
    assert (again.exit_code, "signs in with this address already" in again.output) == (1, True)
    db.session.rollback()
    people = db.session.execute(select(Person.email, Person.role, Person.language).order_by(Person.email)).all()
    assert people == [("ada@field.example", "admin", "en"), ("ben@field.example", "admin", "zh_Hant")]
    assert db.session.scalar(select(func.count(Team.id))) == 1
