"""Set-up (.ci/): a step is done once for the same inputs, and a run that was cut off repairs itself."""

import importlib
import json
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

CI = Path(__file__).resolve().parents[2] / ".ci"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """.ci/install.py, working in an empty folder."""
    monkeypatch.syspath_prepend(str(CI))
    module = importlib.import_module("install")
    monkeypatch.chdir(tmp_path)
    for name, path in (("STAMPS", ".venv/.done"), ("PIP_AT_WORK", ".venv/.pip")):
        monkeypatch.setattr(module, name, tmp_path / path)
    (tmp_path / ".venv").mkdir()
    return module


def test_a_step_is_done_again_only_when_its_input_changed_or_its_result_is_gone(install: ModuleType) -> None:
    lock, made, done = Path("some.lock"), Path("made"), []

    def work() -> None:
        done.append(lock.read_text())
        made.touch()

    def step() -> list[str]:
        install.once("step", "Working", [str(lock)], made, work)
        return done

    lock.write_text("first")
    assert step() == ["first"]
    assert step() == ["first"]
    lock.write_text("second")
    assert step() == ["first", "second"]
    made.unlink()
    assert step() == ["first", "second", "second"]


def test_a_step_that_failed_is_done_again(install: ModuleType) -> None:
    tries: list[str] = []

    def work() -> None:
        tries.append("once more")
        if len(tries) == 2:
            raise install.SetupError("no network")

    def step(word: str) -> None:
        install.once("step", "Working", [word], Path(".venv"), work)

    step("old lock")
    with pytest.raises(install.SetupError):
        step("new lock")
    step("old lock")  # half of the new one is there, so the old stamp must not count
    assert len(tries) == 3


def test_pip_leaves_a_mark_when_killed_and_none_when_it_failed_in_order(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(install.system, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        install.pip("something")
    assert install.PIP_AT_WORK.exists()

    def refused(*arguments: str) -> None:
        raise install.SetupError("no network")

    monkeypatch.setattr(install.system, "run", refused)
    with pytest.raises(install.SetupError):
        install.pip("something")
    assert not install.PIP_AT_WORK.exists()


@pytest.mark.parametrize(
    ("node", "brings"), [("v24.1.0", False), ("v22.19.0", False), ("v22.18.9", True), ("v20.20.2", True), ("", True)]
)
def test_what_audits_is_kept_apart_and_gets_a_node_where_the_machine_s_is_older_than_it_needs(
    node: str, brings: bool, install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(install.system, "run", lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(install.system.shutil, "which", lambda name: f"/usr/bin/{name}" if node else None)
    monkeypatch.setattr(
        install.system, "answer_of", lambda *arguments: subprocess.CompletedProcess(arguments, 0, f"{node}\n", "")
    )
    for name in install.AUDIT_INPUTS:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    (install.AUDIT / "node_modules" / "old").mkdir(parents=True)
    install.install_audit()
    assert sorted(path.name for path in install.AUDIT.iterdir()) == [".npmrc", "package-lock.json", "package.json"]
    assert calls[-1][-2:] == ("--prefix", ".audit")
    assert [any("nodejs" in word for word in call) for call in calls] == ([True, True] if brings else [False])
    assert not Path("node_modules").exists()


@pytest.mark.parametrize(("asked", "done"), [([], set()), (["dev"], {"tools"}), (["audit"], {"tools", "audit"})])
def test_each_command_installs_what_it_needs_and_no_more(
    asked: list[str], done: set[str], install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(install, "ROOT", Path.cwd())
    monkeypatch.setattr(install, "UNAVAILABLE", Path("unavailable"))
    monkeypatch.setattr(install, "once", lambda name, *_: steps.append(name))
    monkeypatch.setattr(install.system, "find_browser", lambda: None)
    monkeypatch.setattr(install.system, "find_postgres", lambda: None)
    install.main(asked)
    assert {"environment", "packages", "scripts", "assets"} < set(steps)
    assert {"tools", "audit"} & set(steps) == done


def test_the_locks_of_npm_pin_all_and_name_no_registry() -> None:
    for folder in (CI.parent, CI.parent / "tests/bench/npm"):
        wanted = json.loads((folder / "package.json").read_text())["dependencies"]
        packages = json.loads((folder / "package-lock.json").read_text())["packages"]
        assert wanted == packages[""]["dependencies"]
        assert all(re.fullmatch(r"[0-9.]+", version) for version in wanted.values())
        for name, package in packages.items():
            assert "resolved" not in package, name
            assert not name or package["integrity"].startswith("sha512-"), name


def test_without_a_tested_python_one_line_says_what_to_install(tmp_path: Path) -> None:
    """A machine with neither Python nor apt-get."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dirname", "rm", "cat"):
        found = next(path for path in (Path("/usr/bin") / name, Path("/bin") / name) if path.exists())
        (programs / name).symlink_to(found)
    script = (CI / "setup").read_text()
    for place in ("/usr/bin/python", "/usr/local/bin/python", "/opt/homebrew/", "/usr/local/opt/"):
        script = script.replace(place, "/nowhere/")
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "setup").write_text(script)
    environment = {"PATH": str(programs), "HOME": str(tmp_path)}
    answer = subprocess.run(
        ["/bin/sh", str(tmp_path / ".ci" / "setup")], env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("Fieldbook needs Python 3.12 (or 3.13, 3.11)")
    assert answer.stderr.count("\n") == 1
