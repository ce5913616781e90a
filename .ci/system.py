"""What set-up needs of the machine itself: programs, libraries and Debian's packages. Standard library only."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_NODE, OLDEST_NODE_FOR_LIGHTHOUSE, OLDEST_POSTGRES = (18, 0), (22, 19), 15
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
# Loads what WeasyPrint takes from the system; to it, a missing harfbuzz-subset is only worth a warning.
PDF_CHECK = "import warnings; warnings.simplefilter('error', DeprecationWarning); import weasyprint.text.ffi"


class SetupError(Exception):
    """A step failed; the text says what a person can do."""


def run(*arguments: str) -> None:
    """Run a program quietly. SetupError with its last words where it fails."""
    answer = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if answer.returncode:
        raise SetupError("\n".join(f"  {line}" for line in answer.stdout.strip().splitlines()[-12:]))


def answer_of(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that is only asked something."""
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def find_npm(oldest: tuple[int, int]) -> str | None:
    """The machine's npm, where its node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    found = re.match(r"v(\d+)\.(\d+)", answer_of(node, "--version").stdout) if node and npm else None
    return npm if found and (int(found[1]), int(found[2])) >= oldest else None


def find_pdf_libraries(python: Path) -> None:
    """Install pango and harfbuzz-subset where missing (without the latter Chinese documents take 5-30 x longer)."""
    if _pdf_libraries_load(python):
        return
    reason = apt_install("libpangoft2-1.0-0", "libharfbuzz-subset0")
    if not _pdf_libraries_load(python):
        raise SetupError(
            "  Documents need pango and harfbuzz-subset. Please install them. Debian, Ubuntu: apt-get install"
            f" libpangoft2-1.0-0 libharfbuzz-subset0; macOS: brew install pango{f' ({reason})' if reason else ''}"
        )


def _pdf_libraries_load(python: Path) -> bool:
    if sys.platform == "darwin":  # where Homebrew keeps libraries; the Makefile starts Fieldbook in the same way
        os.environ["DYLD_FALLBACK_LIBRARY_PATH"] = "/opt/homebrew/lib:/usr/local/lib:/usr/lib"
    return answer_of(str(python), "-c", PDF_CHECK).returncode == 0


def find_browser() -> str | None:
    """See to a Chromium for the browser journeys. Returns why there is none, or None."""
    if any(map(shutil.which, BROWSERS)) or any(path.exists() for path in MAC_BROWSERS):
        return None
    reason: str | None = "no chromium or google-chrome was found"
    release = Path("/etc/os-release")
    if release.is_file() and "ID=debian" in release.read_text().splitlines():  # Ubuntu's package is only a snap
        print("Installing Chromium with apt-get", flush=True)
        reason = apt_install("chromium", "fonts-noto-cjk")
    return f"Not available for the tests: Chromium ({reason})" if reason else None


def find_postgres() -> str | None:
    """See to the programs of a PostgreSQL server for the tests. Returns why there are none, or None."""
    if _newest_postgres() >= OLDEST_POSTGRES:
        return None
    reason: str | None = "initdb was not found"
    if shutil.which("apt-get"):
        print("Installing PostgreSQL with apt-get", flush=True)
        reason = apt_install("postgresql")
    if _newest_postgres() >= OLDEST_POSTGRES:
        return None
    return (
        f"Not available for the tests: PostgreSQL {OLDEST_POSTGRES} or newer ({reason or 'the packaged one is older'})"
    )


def _newest_postgres() -> int:
    """Major version of the newest PostgreSQL server on this machine, 0 where there is none."""
    found = shutil.which("initdb")
    programs = [Path(found)] if found else []
    for pattern in ("/usr/lib/postgresql/*", "/opt/homebrew/opt/postgresql*", "/usr/local/opt/postgresql*"):
        programs += Path("/").glob(f"{pattern[1:]}/bin/initdb")
    return max((_major(answer_of(str(program), "--version").stdout) for program in programs), default=0)


def apt_install(*packages: str) -> str | None:
    """Install Debian packages as root, or by sudo without a password. Returns why that was not possible, or None."""
    if not shutil.which("apt-get"):
        return "there is no apt-get here"
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and (not shutil.which("sudo") or answer_of(*as_root, "true").returncode):
        return "apt-get needs root, or sudo without a password"
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    if not answer_of(*install).returncode:
        return None
    answer_of(*apt, "update")  # the lists were missing or old
    again = answer_of(*install)
    return (again.stderr.strip().splitlines() or ["apt-get failed"])[-1] if again.returncode else None


def _major(version: str) -> int:
    found = re.search(r"\d+", version)
    return int(found[0]) if found else 0
