"""Settings: what makes no sense is refused with its reason, before anything is made."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import config
from app.config import ROOT, Settings, SettingsError, from_environment, secret_of
from app.factory import create_app
from app.identity.models import FailedSignIn
from app.infra.db import db
from tests.conftest import settings_for

Set = Callable[..., None]
OUTSIDE = "0.0.0.0"  # noqa: S104 - that it is refused is the test


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Set:
    for name in list(os.environ):
        if name.startswith("FIELDBOOK_") or name in ("HOST", "PORT", "DATABASE_URL"):
            monkeypatch.delenv(name)

    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_without_any_setting_it_is_a_local_server_on_a_file(env: Set) -> None:
    settings = from_environment()
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8000, ROOT / "var")
    assert (settings.database_url, settings.public_url, settings.https) == ("", "", False)
    assert settings.refusal() is None


@pytest.mark.parametrize("port", ["http", "0", "-1", "65536", "80 80", "8000.0"])
def test_a_port_is_a_number(env: Set, port: str) -> None:
    env(PORT=port)
    with pytest.raises(SettingsError, match=f"PORT is a number from 1 to 65535, not {port}"):
        from_environment()


def test_addresses_are_whole(env: Set) -> None:
    env(FIELDBOOK_URL="field.example")
    with pytest.raises(SettingsError, match=r"like https://field\.example"):
        from_environment()
    env(FIELDBOOK_URL="https://field.example/", FIELDBOOK_ROADS_URL="osrm:5000")
    with pytest.raises(SettingsError, match=r"FIELDBOOK_ROADS_URL is the address of an OSRM server.*osrm:5000"):
        from_environment()
    env(FIELDBOOK_ROADS_URL="http://osrm:5000/")
    assert from_environment().roads_url == "http://osrm:5000"
    env(DATABASE_URL="mysql://x")
    with pytest.raises(SettingsError, match="PostgreSQL"):
        from_environment()
    env(DATABASE_URL="postgresql://someone@host/name")
    settings = from_environment()
    assert (settings.public_url, settings.database_url) == ("https://field.example", "postgresql://someone@host/name")


@pytest.mark.parametrize("host", [OUTSIDE, "192.168.1.20", "::"])
def test_phones_need_https(tmp_path: Path, host: str) -> None:
    (tmp_path / "cert.pem").touch()
    plain = replace(settings_for(tmp_path), host=host)
    refusal = plain.refusal()
    assert refusal is not None
    assert f"HOST={host} without https" in refusal and "FIELDBOOK_TLS_CERT" in refusal and "FIELDBOOK_URL" in refusal
    assert replace(plain, public_url="http://field.example").refusal() == refusal
    assert replace(plain, public_url="https://field.example").refusal() is None
    file = str(tmp_path / "cert.pem")
    assert replace(plain, tls_cert=file, tls_key=file).refusal() is None


def test_a_certificate_comes_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    some = replace(settings_for(tmp_path), tls_cert=str(tmp_path / "cert.pem"))
    assert some.refusal() == "Set both FIELDBOOK_TLS_CERT and FIELDBOOK_TLS_KEY, or neither."
    missing = replace(some, tls_key=str(tmp_path / "key.pem")).refusal()
    assert missing == f"FIELDBOOK_TLS_KEY names no file: {tmp_path / 'key.pem'}"


def test_a_door_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.listen()
        assert "Address already in use" in str(replace(settings, port=port).closed_door())
    assert replace(settings, port=port).closed_door() is None
    assert f"HOST=203.0.113.7, PORT={port}" in str(replace(settings, host="203.0.113.7", port=port).closed_door())


def test_the_command_says_what_is_wrong_in_a_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "up"],
        cwd=ROOT, env={**os.environ, "FIELDBOOK_DATA": "/dev/null/here"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "FIELDBOOK_DATA=/dev/null/here cannot be used: Not a directory\n"


def test_what_must_not_start_does_not(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings = replace(settings_for(tmp_path), port=probe.getsockname()[1])
    for wrong, reason in (
        (replace(settings, host=OUTSIDE), f"Error: HOST={OUTSIDE} without https"),
        (
            replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none"),
            "Error: The database does not answer:",
        ),
    ):
        ended = create_app(wrong).test_cli_runner().invoke(args=["up"])
        assert (ended.exit_code, ended.output.startswith(reason)) == (1, True), ended.output
    assert not (tmp_path / "fieldbook.sqlite").exists()


# --- The secret ------------------------------------------------------------------------------------------------------


def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    secret = secret_of(data)
    assert len(secret) >= 64
    assert secret_of(data) == secret
    assert [path.name for path in data.iterdir()] == ["secret"]
    assert (data / "secret").stat().st_mode & 0o777 == 0o600
    assert secret_of(tmp_path / "other") != secret


def test_who_start_at_once_have_one_secret(tmp_path: Path) -> None:
    """Web server and workers on a new folder."""
    line = "import sys; from pathlib import Path; from app.config import secret_of; sys.stdin.read(1); "
    line += f"print(secret_of(Path({str(tmp_path / 'data')!r})))"
    processes = [
        subprocess.Popen([sys.executable, "-c", line], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.flush()
    found = {process.communicate()[0] for process in processes}
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_of(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(config.os, "access", lambda *_: False)  # the tests may run as root, who may write anywhere
        with pytest.raises(SettingsError, match="no right to write there"):
            secret_of(tmp_path)
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        secret_of(tmp_path)


# --- Behind a proxy --------------------------------------------------------------------------------------------------


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[Callable[..., tuple[int, list[str]]]]:
    """Who is held to have sent a wrong password through a proxy at 10.0.0.9 that adds who asked it."""
    apps: list[Flask] = []

    def guess(settings: Settings, origin: str = "") -> tuple[int, list[str]]:
        app = create_app(settings)
        apps.append(app)
        with app.app_context():
            db.create_all()
            answer = app.test_client().post(
                "/sign-in",
                data={"email": "rita@harbour.example", "password": "a guess"},
                headers={
                    "X-Forwarded-For": "198.51.100.1, 203.0.113.5",
                    "X-Forwarded-Proto": "https",
                    **({"Origin": origin} if origin else {"Sec-Fetch-Site": "same-origin"}),
                },
                environ_base={"REMOTE_ADDR": "10.0.0.9"},
            )
            return answer.status_code, list(db.session.scalars(select(FailedSignIn.address)))

    yield guess
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_behind_a_proxy_guesses_count_for_who_made_them(tmp_path: Path, addresses: Any) -> None:
    """Else a whole office's mistakes would add up at the proxy; what the guesser wrote before that is not believed."""
    settings = replace(settings_for(tmp_path), public_url="https://field.example")
    assert addresses(settings) == (422, ["203.0.113.5"])


def test_behind_a_proxy_the_public_address_is_the_origin(tmp_path: Path, addresses: Any) -> None:
    settings = replace(settings_for(tmp_path), public_url="https://field.example")
    assert addresses(settings, "https://field.example")[0] == 422
    assert addresses(settings, "http://localhost")[0] == 403
    assert addresses(settings, "https://localhost")[0] == 403


def test_without_a_proxy_nobody_can_pretend_to_be_another(tmp_path: Path, addresses: Any) -> None:
    assert addresses(settings_for(tmp_path / "plain")) == (422, ["10.0.0.9"])
    with_certificate = replace(settings_for(tmp_path / "tls"), public_url="https://field.example", tls_cert="cert.pem")
    assert addresses(with_certificate) == (422, ["10.0.0.9"])
