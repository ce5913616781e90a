"""The command line: starting everything, the worker, backups, the demo. Slices add their own groups."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
import flask_migrate
from flask import Flask, current_app

from app import demo
from app.assets import assets_cli
from app.catalogues import translations_cli
from app.config import LOOPBACK, ROOT, Settings
from app.infra import backup
from app.infra.queue import Worker
from app.web.slice import Slice

WORKERS = 2  # one prints a hundred contracts, the other the one that a rep waits for
GRACE = 8  # seconds that children get to end


def register(app: Flask, slices: Iterable[Slice]) -> None:
    """Add the commands of the house."""
    kinds = [kind for each in slices for kind in each.jobs]
    app.cli.add_command(assets_cli)
    app.cli.add_command(translations_cli)

    @app.cli.command("up")
    @click.option("--demo", "with_demo", is_flag=True, help="Seed the demo company and print its sign-ins.")
    def up(with_demo: bool) -> None:
        """Migrate, then run web server and workers until Ctrl-C."""
        settings: Settings = current_app.config["SETTINGS"]
        refusal = settings.refusal()
        if refusal:
            raise click.ClickException(refusal)
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        if with_demo:
            demo.seed_once(click.echo)
        _announce(settings, with_demo)
        worker = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        sys.exit(_run_together(_web_command(settings), *[worker] * WORKERS))

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
            click.echo(backup.restore(file, ROOT / "migrations"))
        except backup.NotRestorableError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise click.ClickException(f"Cannot restore {file}: {error}") from None

    @app.cli.group("demo")
    def demo_group() -> None:
        """The demo company."""

    @demo_group.command("seed")
    def seed() -> None:
        """Make the demo company where it is not there yet."""
        demo.seed_once(click.echo)


def _web_command(settings: Settings) -> list[str]:
    """granian: the least work per request of the threaded servers (FINDINGS 2)."""
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.host, "--port", str(settings.port),
        "--workers", "1", "--blocking-threads", "8", "--no-ws", "--respawn-failed-workers", "--log-level", "error",
    ]  # fmt: skip
    if settings.tls_cert:
        command += ["--ssl-certificate", settings.tls_cert, "--ssl-keyfile", settings.tls_key]
    return [*command, "wsgi:app"]


def _run_together(*commands: list[str]) -> int:
    """Run the commands until one ends or we are told to stop, then end all. Returns the exit code."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, stop)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # A session of their own: Ctrl-C reaches only us, and we end them in order.
    children = [subprocess.Popen(c, cwd=ROOT, env=environment, start_new_session=True) for c in commands]  # noqa: S603
    while not stopping and all(child.poll() is None for child in children):
        time.sleep(0.1)
    failed = [child.returncode for child in children if child.poll() not in (None, 0)]
    for child in children:
        child.terminate()
    end = time.monotonic() + GRACE
    for child in children:
        try:
            child.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return failed[0] if failed and not stopping else 0


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
