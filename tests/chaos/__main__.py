"""`python -m tests.chaos`: rounds of at least one entry and one fault; the last line of all output is the count."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, sync_playwright

from tests.chaos.deeds import ImpossibleError, Rep, Step, customers_of
from tests.chaos.faults import Fault, dealt
from tests.chaos.line import Line, open_line
from tests.chaos.oracle import Deed, Journal, Verdict, judge, last_row, read_facts, words_of
from tests.chaos.world import Phone, Server
from tests.e2e.conftest import free_port

EMAIL = "rep.london@demo.example"
DRAIN_S, STUCK_S, TRIES = 240, 20, 8
STRIKES, LINGER_S, NUDGE_S = 3, 6, 1.0  # a fault that misses is made again, at another entry
SECONDS_A_ROUND, SECONDS_AROUND = 30, 600  # then there are no more rounds; after twice as long it ends, whatever hangs


@dataclass
class World:
    """All that the run is made of.

    `deaths`: of the browser or its worker in this round: the kind, the deeds until then, and what was answered by then.
    """

    server: Server
    line: Line
    phone: Phone
    rep: Rep
    journal: Journal
    dice: random.Random
    faults: Iterator[Fault]
    stop_worker_s: float = 0.0
    is_armed: bool = False
    deaths: list[tuple[str, list[Deed], set[str]]] = field(default_factory=list)
    submits: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)

    def round(self) -> str:
        """One round; returns what happened in words."""
        fault, begin = next(self.faults), len(self.journal.deeds)
        told: list[str] = []
        self.line.seen.clear()
        self.deaths.clear()
        for _strike in range(STRIKES):
            try:
                self._strike(fault, told)
            except Error as error:  # killed where nobody looked
                told.append(f"broken off: {str(error).splitlines()[0]}")
            self.make_good()
            if hit := self._hit(fault, begin):
                break
        for _attempt in range(TRIES):
            if any(deed.kept for deed in self.journal.deeds[begin:]):
                break
            told.append(self._deed(fault, strike=False))
        if hit:
            self.hits[hit] += 1
        else:
            self.misses[fault.name] += 1
        return f"{fault.name}{'' if hit else ' (missed)'}: {', '.join(told)}"

    def _strike(self, fault: Fault, told: list[str]) -> None:
        self.is_armed = True
        if fault.behind:
            self.line.cut = True
            told.append(self._deed(fault, strike=False))
        early = fault.early and self.dice.random() < 0.5
        if early:
            fault.strike(self, self.dice)
        for number in range(self.dice.choice((1, 1, 2, 3))):
            told.append(self._deed(fault, strike=not early and number == 0))
            if not self.phone.is_alive():
                break
        self._linger(fault)

    def _hit(self, fault: Fault, begin: int) -> str:
        """Which of the fault's kinds was seen at an entry in this round (whose first deed is `begin`); '' for none."""
        seen = set(self.line.seen)
        seen |= {
            kind
            for kind, deeds, answered in self.deaths
            if any(deed.kept and deed.key not in answered for deed in deeds)
        }
        if any(deed.kept and self.submits[deed.key] > 1 for deed in self.journal.deeds[begin:]):
            seen.add("double-tap")
        return next((kind for kind in fault.kinds if kind in seen), "")

    def kill_phone(self) -> bool:
        """SIGKILL for the browser; whether it ran."""
        ran = self.phone.kill()
        if ran:
            self._note_death("browser")
        return ran

    def _note_death(self, kind: str) -> None:
        self.deaths.append((kind, self.journal.deeds[:], self.line.answered.copy()))

    def hear_submit(self, key: str) -> None:
        """The form with this key was submitted."""
        self.submits[key] += 1

    def _deed(self, fault: Fault, strike: bool) -> str:
        """One entry. Where a screen does not open (not on the phone, and no network), the rep does something else."""
        for _attempt in range(TRIES):
            step, known = self.rep.next_step(), len(self.journal.deeds)
            try:
                deed = self.rep.do(step, lambda: fault.strike(self, self.dice) if strike else None, fault.taps)
            except ImpossibleError:
                continue
            except Error:  # the browser is gone
                return self._pick_up(step, self.journal.deeds[known] if len(self.journal.deeds) > known else None)
            if self.stop_worker_s:
                self._stop_worker()
            return deed.what if deed.kept else f"({deed.what})"
        self.line.heal()
        self.server.start()
        return "nothing"

    def _pick_up(self, step: Step, deed: Deed | None) -> str:
        """Start the browser again after it was killed in the middle of a deed, and see what it has kept."""
        self.make_good()
        if deed is None:
            return "nothing"
        self.rep.settle(deed, step)
        return f"{deed.what} kept" if deed.kept else f"({deed.what})"

    def _stop_worker(self) -> None:
        page = self.phone.page
        page.wait_for_timeout(self.stop_worker_s * 1000)
        self.stop_worker_s = 0.0
        assert self.phone.context is not None
        session = self.phone.context.new_cdp_session(page)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        self._note_death("worker")
        session.detach()

    def _linger(self, fault: Fault) -> None:
        """Let the fault do its worst: a moment, and until its strokes have hit. The rep does not wait for long."""
        begin = time.monotonic()
        least, nudge = begin + self.dice.uniform(0.0, 1.0), begin + NUDGE_S
        while self.is_armed and (now := time.monotonic()) < begin + LINGER_S:
            try:
                self.phone.page.wait_for_timeout(50)
            except (Error, AssertionError):
                return
            if now > least and (fault.taps > 1 or self._hit(fault, 0)):
                return
            if now > nudge:
                nudge = now + NUDGE_S
                self.phone.send_now()

    def make_good(self) -> None:
        """Everything runs again; a browser that is killed meanwhile, too."""
        self.is_armed = False
        self.rep.also_on_kept = lambda: None
        self.line.heal()
        for attempt in range(TRIES):
            self.server.start()
            try:
                if not self.phone.is_alive():
                    self.phone.revive()
                    self.phone.open("/today")
                elif "/sign-in" in self.phone.page.url or not self.phone.is_signed_in():
                    self.phone.sign_in()
                self.journal.acknowledge(self.words())
            except (Error, AssertionError):
                if attempt + 1 == TRIES:
                    raise
                self.phone.end()  # a browser that is half dead is started anew
            else:
                return

    def words(self) -> dict[str, str]:
        """By key, the words of all entries that were ever seen on the line or are on the phone."""
        return self.line.posted | words_of(self.phone.entries())

    def drain(self) -> list[str]:
        """No more faults: send until nothing waits, or nothing moves. Returns what is left, in words."""
        self.make_good()
        end = time.monotonic() + DRAIN_S
        moved_at, unsent = time.monotonic(), self.phone.entries()
        while unsent and time.monotonic() < min(end, moved_at + STUCK_S):
            try:
                page = self.phone.open("/outbox")
                page.click("#send")
                page.wait_for_timeout(1000)
                left = [entry for entry in self.phone.entries() if entry["state"] != "sent"]
            except Error as error:
                print(f"  draining: {str(error).splitlines()[0]}", flush=True)
                self.make_good()
                continue
            if len(left) < len(unsent):
                moved_at = time.monotonic()
            unsent = left
        return [self._why(entry) for entry in unsent]

    def _why(self, entry: dict[str, Any]) -> str:
        """An entry that was not sent, with the server's words."""
        reasons = self.phone.page.evaluate(
            """(html) => [...new DOMParser().parseFromString(html || "", "text/html")
              .querySelectorAll(".errors li, .field-error, #error .note, h1")]
              .map((each) => each.textContent.trim()).join(" / ")""",
            entry.get("answer") or "",
        )
        keys = ("state", "status", "tries", "url", "key", "at")
        return " ".join(f"{key}={entry.get(key)}" for key in keys) + f" fields={entry['fields']} reasons={reasons}"


def run(seed: int, rounds: int, data: Path) -> Verdict:
    """The whole run, in the folder `data`."""
    begin, dice = time.monotonic(), random.Random(seed)
    server = Server(data)
    if not (data / "fieldbook.sqlite").exists():
        print("Making the demo company …", flush=True)
        server.prepare()
    since = last_row(data)
    person, customers = customers_of(data, EMAIL, datetime.now(UTC).date().isoformat())
    line = Line(server.port, kill_server=server.kill, was_done=server.has_receipt)
    line.dice = random.Random(seed + 1).uniform
    port = free_port()
    proxy: ThreadingHTTPServer = open_line(port, line)
    journal = Journal()
    try:
        server.start()
        with sync_playwright() as playwright:
            phone = Phone(playwright, data / "phone", f"http://127.0.0.1:{port}", EMAIL)
            rep = Rep(phone, journal, dice, customers)
            world = World(server, line, phone, rep, journal, dice, dealt(random.Random(seed)))
            line.kill_phone, phone.on_submit = world.kill_phone, world.hear_submit
            try:
                phone.start()
                phone.open("/today")
                phone.fetch_pack()
                print(f"Ready after {time.monotonic() - begin:.0f} s.", flush=True)
                start = time.monotonic()
                for number in range(1, rounds + 1):
                    if time.monotonic() - start > SECONDS_A_ROUND * rounds:
                        print(f"It takes too long: only {number - 1} of {rounds} rounds.")
                        break
                    print(f"{number:4} {time.monotonic() - start:5.0f} s  {world.round()}", flush=True)
                spent = time.monotonic() - start
                left = world.drain()
                drained = time.monotonic() - start - spent
                journal.acknowledge(words := world.words())
                strangers = journal.strangers(words)
                complaints = list(dict.fromkeys(phone.complaints))
            finally:
                phone.end()
    finally:
        proxy.shutdown()
        server.kill()
    verdict = judge(journal.deeds, read_facts(data, person, since))
    for problem in [*left, *verdict.problems]:
        print(problem)
    for each in strangers:
        print(f"nobody's deed: {each}")
    for each in complaints:
        print(f"in the console: {each}")
    for missed in world.rep.impossible:
        print(f"did not open: {missed}")
    kinds = Counter(deed.what for deed in journal.deeds if deed.kept)
    print(f"entries: {dict(kinds)}; {verdict.unsure} taps were cut short before they were kept")
    print(f"server killed {server.deaths - 1} times, browser {phone.deaths - 1} times, {phone.sign_ins} sign-ins")
    made = world.hits.total() + world.misses.total()
    print(f"{spent:.0f} s for the rounds ({spent / max(1, made):.1f} s each), {drained:.0f} s to send the rest")
    print(f"in the outbox at the end: {len(left)}; faults that missed: {listed(world.misses)}")
    print(f"faults: {world.hits.total()} hit of {made} ({listed(world.hits)})")
    verdict.is_whole = not left and not strangers
    return verdict


def listed(counts: Counter[str]) -> str:
    """As `cut 9, slow 3`."""
    return ", ".join(f"{name} {number}" for name, number in counts.most_common()) or "none"


def main() -> int:
    """The command line. Returns 0 where every entry arrived once and in order."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--demo", type=Path, help="begin with a copy of this FIELDBOOK_DATA, made today by `up --demo`")
    parser.add_argument("--keep", action="store_true", help="leave the folder with database, log and profile")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended
    data = Path(tempfile.mkdtemp(prefix="fieldbook-chaos-"))
    print(f"chaos: seed {options.seed}, {options.rounds} rounds, in {data}", flush=True)
    over = threading.Timer(
        2 * (SECONDS_A_ROUND * options.rounds + SECONDS_AROUND), os.kill, (os.getpid(), signal.SIGTERM)
    )
    over.daemon = True
    over.start()
    if options.demo:
        shutil.copytree(options.demo, data, dirs_exist_ok=True)
    try:
        verdict = run(options.seed, options.rounds, data)
    finally:
        if not options.keep:
            shutil.rmtree(data, ignore_errors=True)
    print(verdict, flush=True)
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
