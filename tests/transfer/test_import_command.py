"""The command line as a stranger uses it: a program of its own, in an empty folder, with nothing set but that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import ROOT
from tests.shared import shared_file
from tests.transfer.stage import table


def flask(data: Path, *words: str) -> tuple[int, list[str]]:
    """Run it with stdout and stderr in one, as a terminal shows them: (exit code, lines)."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT,
        env={"FIELDBOOK_DATA": str(data), "PATH": os.defpath},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode().splitlines()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    code, lines = flask(data, "db", "upgrade")
    assert code == 0, lines
    return data


def test_a_list_comes_in_with_nothing_but_a_folder(migrated: Path) -> None:
    file = str(shared_file("places/taipei_clinics_open.csv"))
    code, lines = flask(migrated, "accounts", "import", file, "--dry-run")
    assert (code, lines[-1]) == (0, "read=1620 created=1620 updated=0 unchanged=0 rejected=0")
    for counted in ("created=1620 updated=0 unchanged=0", "created=0 updated=0 unchanged=1620"):
        code, lines = flask(migrated, "accounts", "import", file)
        assert (code, lines[-1]) == (0, f"read=1620 {counted} rejected=0")
    assert lines[0] == "0/1620"
    code, lines = flask(migrated, "accounts", "import", file, "--source", "other")
    assert (code, lines[-1]) == (0, "read=1620 created=0 updated=0 unchanged=1620 rejected=0")


def test_bad_rows_go_into_the_folder_of_imports(migrated: Path, tmp_path: Path) -> None:
    file = tmp_path / "shops.csv"
    file.write_text(table("id,name", "1,A", "2,", '3,"B'), encoding="utf-8")
    code, lines = flask(migrated, "accounts", "import", str(file))
    assert (code, lines[-1]) == (0, "read=3 created=1 updated=0 unchanged=0 rejected=2")
    (found,) = (migrated / "imports").glob("shops-*.csv")
    assert lines[-2] == f"2 problems: {found}"
    assert "A quotation mark is opened and never closed." in found.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "does not exist"),
        (b"PK\x03\x04", "This is an Excel workbook (xlsx) or an archive, not a CSV."),
        (b"", "The file is empty."),
        (b"city\nLeeds\n", "No column holds a name. The columns are: city"),
        ("名稱,地址\n".encode("utf-8-sig") + b"\xff\n", "does not belong there"),
    ],
)
def test_what_is_no_table_is_refused_in_plain_words(
    migrated: Path, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "wrong.csv"
    if content is not None:
        file.write_bytes(content)
    code, lines = flask(migrated, "accounts", "import", str(file))
    assert code == 2
    assert reason in lines[-1] and "Traceback" not in "".join(lines)
    assert not list((migrated / "imports").glob("wrong-*"))
