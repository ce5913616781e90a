"""A PostgreSQL of one's own, in a temporary folder, for as long as a `with` block runs."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLDEST = 15
_LOOPBACK = "127.0.0.1"
# Quick rather than safe: the cluster is thrown away anyway.
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "128MB"}
_PATIENCE_S = 60


class PostgresUnavailable(RuntimeError):  # noqa: N818 - it names a state of this machine
    """No PostgreSQL can be started here; the text says why and what would help."""


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """Start an empty PostgreSQL >= 15 on a free loopback port and yield `postgresql+psycopg://...` of its database.

    UTF-8, C collation, no password, never run as root (root hands it to the user postgres). Stopped and removed at the
    end. Raises PostgresUnavailable when there are no binaries or the server does not come up.
    """
    binaries = _binaries()
    account = _account()
    # Not pytest's tmp_path: only its owner may enter that, and the owner may be root.
    folder = Path(tempfile.mkdtemp(prefix="fieldbook-postgres-"))
    try:
        if account:
            shutil.chown(folder, account)
        cluster, log = folder / "cluster", folder / "log"
        _run(
            [binaries / "initdb", "-D", cluster, "-U", "fieldbook", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            account,
        )
        port = _free_port()
        settings = _SETTINGS | {"port": str(port), "listen_addresses": _LOOPBACK, "unix_socket_directories": ""}
        with (cluster / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        control: list[str | Path] = [binaries / "pg_ctl", "-D", cluster, "-w", "-t", str(_PATIENCE_S)]
        try:
            _run([*control, "-l", log, "start"], account)
        except PostgresUnavailable as error:
            raise PostgresUnavailable(f"{error}\n{log.read_text() if log.exists() else ''}") from error
        try:
            yield f"postgresql+psycopg://fieldbook@{_LOOPBACK}:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """The folder with initdb and pg_ctl: of the newest version that is new enough."""
    folders = [Path(found).parent for name in ("initdb", "pg_ctl") if (found := shutil.which(name))]
    if config := shutil.which("pg_config"):
        folders.append(
            Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
        )
    for root, pattern in (
        ("/usr/lib/postgresql", "*/bin"),
        ("/usr", "pgsql-*/bin"),
        ("/opt/homebrew/opt", "postgresql@*/bin"),
        ("/usr/local/opt", "postgresql@*/bin"),
    ):
        folders.extend(Path(root).glob(pattern))
    versions = {folder.resolve(): _version(folder) for folder in folders}
    newest = max(versions, key=lambda folder: versions[folder], default=None)
    if newest is None or versions[newest] < OLDEST:
        raise PostgresUnavailable(f"PostgreSQL {OLDEST} or newer is not installed (no initdb and pg_ctl found)")
    return newest


def _version(folder: Path) -> int:
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres")):
        return 0
    text = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"(\d+)", text)
    return int(number[1]) if number else 0


def _account() -> str | None:
    """The user who runs the server, where that is not ourselves: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise PostgresUnavailable("PostgreSQL does not run as root, and there is no user postgres to run it") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _run(command: list[str | Path], account: str | None) -> None:
    # Output goes to a file, not to a pipe: the server inherits it and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        try:
            subprocess.run(
                command,
                user=account,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "USER": account or getpass.getuser()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
                timeout=2 * _PATIENCE_S,
            )
        except (OSError, subprocess.SubprocessError) as error:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            raise PostgresUnavailable(f"{Path(command[0]).name} failed: {error}\n{said}") from error
