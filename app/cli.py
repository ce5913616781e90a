"""The command line: starting everything, the worker, backups, the demo. Slices add their own groups."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click
import flask_migrate
from flask import Flask, current_app
from sqlalchemy.exc import OperationalError

from app import demo
from app.assets import assets_cli
from app.catalogues import translations_cli
from app.config import LOOPBACK, ROOT, Settings
from app.identity.actions import end_restored_devices
from app.infra import backup
from app.infra.db import CONNECTIONS, transact
from app.infra.queue import FORGET, Worker
from app.web import once
from app.web.slice import Slice

WORKERS = 2  # one prints a hundred contracts, the other the one that a rep waits for
GRACE = 8  # seconds that children get to end
MOST_STARTS, WITHIN = 3, 60  # a child that ends so often in so many seconds will not get better


def register(app: Flask, slices: Iterable[Slice]) -> None:
    """Add the commands of the house."""
    kinds = [FORGET, once.FORGET, *(kind for each in slices for kind in each.jobs)]
    app.cli.add_command(assets_cli)
    app.cli.add_command(translations_cli)

    @app.cli.command("up")
    @click.option("--demo", "with_demo", is_flag=True, help="Seed the demo company and print its sign-ins.")
    def up(with_demo: bool) -> None:
        """Migrate, then run web server and workers until Ctrl-C."""
        settings: Settings = current_app.config["SETTINGS"]
        refusal = settings.refusal() or settings.closed_door()
        if refusal:
            raise click.ClickException(refusal)
        try:
            flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        except OperationalError as error:
            raise click.ClickException(f"The database does not answer: {error.orig}") from None
        if with_demo:
            demo.seed_once(click.echo)
        _announce(settings, with_demo)
        worker = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        workers = {f"worker {number}": worker for number in range(1, WORKERS + 1)}
        sys.exit(_run_together({"web server": _web_command(settings), **workers}))

    @app.cli.command("worker")
    def worker() -> None:
        """Run background jobs until told to stop."""
        runner = Worker(app, kinds)
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: runner.stopping.set())
        runner.run()

    @app.cli.command("backup")
    @click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
    def backup_command(file: Path) -> None:
        """Write database, photos and documents into FILE while everything runs."""
        try:
            click.echo(backup.write(file))
        except backup.NoBackupError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise click.ClickException(f"Cannot write {file}: {error.strerror or error}") from None

    @app.cli.command("restore")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    def restore_command(file: Path) -> None:
        """Bring back what FILE holds into an empty installation."""
        try:
            told = backup.restore(file, ROOT / "migrations")
        except backup.NotRestorableError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise click.ClickException(f"Cannot restore {file}: {error}") from None
        transact(lambda: end_restored_devices(datetime.now(UTC)))
        click.echo(told)

    @app.cli.group("demo")
    def demo_group() -> None:
        """The demo company."""

    @demo_group.command("seed")
    def seed() -> None:
        """Make the demo company where it is not there yet."""
        demo.seed_once(click.echo)


def _web_command(settings: Settings) -> list[str]:
    """granian: the least work per request of the threaded servers (FINDINGS 2). Without a proxy each slow phone that
    sends a photo holds a thread; as many as may have a connection to the database."""
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.host, "--port", str(settings.port),
        "--workers", "1", "--blocking-threads", str(CONNECTIONS), "--no-ws", "--respawn-failed-workers",
        "--log-level", "error",
    ]  # fmt: skip
    if settings.tls_cert:
        command += ["--ssl-certificate", settings.tls_cert, "--ssl-keyfile", settings.tls_key]
    return [*command, "wsgi:app"]


class _Child:
    """A process of ours, in a session of its own: Ctrl-C reaches only us, and we end all in order."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name, self.command = name, command
        self.starts: deque[float] = deque(maxlen=MOST_STARTS)
        self.start()

    def start(self) -> None:
        self.starts.append(time.monotonic())
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(self.command, cwd=ROOT, env=environment, start_new_session=True)  # noqa: S603

    def is_hopeless(self) -> bool:
        return len(self.starts) == MOST_STARTS and time.monotonic() - self.starts[0] < WITHIN

    def kill(self) -> None:
        """End it at once, with whatever it has started: a killed web server leaves a process that holds the port."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _run_together(commands: dict[str, list[str]]) -> int:
    """Run the commands until we are told to stop, then end all. Returns the exit code.

    Whoever ends by itself (killed for want of memory, say) is started again; if that does not help, all end with an
    error, for whoever watches us to see.
    """
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, stop)
    children = [_Child(*each) for each in commands.items()]
    failed = 0
    while not stopping and not failed:
        time.sleep(0.1)
        for child in children:
            code = child.process.poll()
            if code is None or stopping:
                continue
            child.kill()
            if child.is_hopeless():
                failed = code if code > 0 else 1
                click.echo(f"The {child.name} ended again and again ({code}); everything stops.", err=True)
                break
            click.echo(f"The {child.name} ended ({code}) and is started again.", err=True)
            child.start()
    for child in children:
        child.process.terminate()
    end = time.monotonic() + GRACE
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.1, end - time.monotonic()))
        child.kill()
    return failed


def _announce(settings: Settings, with_demo: bool) -> None:
    scheme = "https" if settings.tls_cert else "http"
    own = f"{scheme}://{settings.host if settings.host not in ('0.0.0.0', '::') else 'localhost'}:{settings.port}"  # noqa: S104 - compared, not bound
    address = settings.public_url or own
    click.echo(f"\nFieldbook is at {address}   (Ctrl-C stops it)")
    if with_demo:
        click.echo(demo.sign_ins())
    if (settings.https and settings.host not in LOOPBACK) or settings.public_url:
        click.echo(
            f"Phones: open {address} in the phone's browser.\nOpen it once over Wi-Fi and add it to the home screen."
        )
    else:
        click.echo("Phones need https: set HOST=0.0.0.0 with FIELDBOOK_TLS_CERT and FIELDBOOK_TLS_KEY,")
        click.echo("        or put a proxy with a certificate in front and set FIELDBOOK_URL=https://your.address")
    click.echo(f"Started {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; data in {settings.data}")
