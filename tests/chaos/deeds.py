"""What the rep enters, chosen by the seed, within a visit in its natural order.

Each customer is visited once in a run, so that its facts can be told apart; notes and contacts go anywhere.
"""

import json
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import Error, Page

from tests.chaos.oracle import Deed, Journal, photo_of, words_of
from tests.chaos.world import Phone

OUTCOMES = ("order", "interested", "follow_up", "service", "no_interest", "nobody_there")
FIND_MS, KEEP_S = 6000, 20
SETTLED = "!document.querySelector('form[aria-busy]')"  # the screen after the last tap is there
SYLLABLES = ("ba", "ke", "lo", "mi", "nu", "ra", "se", "to", "vi", "zu", "pha", "gry")


class ImpossibleError(Exception):
    """The screen or its form did not open: nothing was tapped."""


@dataclass
class Customer:
    """A customer, and what this run has done there. `visit`: id of the visit as the phone knows it."""

    id: str
    position: tuple[float, float] | None
    visit: str = ""
    state: str = "new"  # planned, here, over, postponed
    outcomes: list[str] = field(default_factory=list)


@dataclass
class Step:
    """One tap: where, what is filled in before it, which button, and what it changes once it is kept."""

    what: str
    customer: Customer
    path: str
    button: str
    mark: str
    effects: tuple[str, ...]
    lanes: tuple[str, ...]
    fill: Callable[[Page], None] = lambda _page: None
    then: Callable[[dict[str, Any]], None] = lambda _entry: None
    is_photo: bool = False


class Rep:
    """The person at the phone."""

    def __init__(self, phone: Phone, journal: Journal, dice: random.Random, customers: list[Customer]) -> None:
        self.phone, self.journal, self.dice = phone, journal, dice
        self.customers = customers
        self.here: Customer | None = None
        self.met: list[Customer] = []
        self.heard: dict[str, Any] | None = None  # the entry that the page has just kept
        self.impossible: list[str] = []
        phone.on_kept = self._hear
        self.also_on_kept: Callable[[], None] = lambda: None

    def _hear(self, text: str) -> None:
        entry = json.loads(text)
        if not any(deed.key == entry["key"] for deed in self.journal.deeds):  # else the last deed's second tap
            self.heard = entry
            self.also_on_kept()

    # --- Choosing -----------------------------------------------------------------------------------------------------

    def next_step(self) -> Step:
        """What the rep does now."""
        number, dice = len(self.journal.deeds) + 1, self.dice
        if self.here:
            kinds = [self.report, self.photo, self.order, self.check_out, self.check_out, self.note, self.contact]
            return dice.choice(kinds)(self.here, number)
        fresh = [each for each in self.customers if each.state in ("new", "planned")]
        planned = [each for each in fresh if each.state == "planned"]
        if not fresh or dice.random() < 0.15:
            return dice.choice([self.note, self.contact])(dice.choice(self.met or self.customers), number)
        if dice.random() < 0.12:
            return self.new_customer(number)
        if planned and dice.random() < 0.6:
            return dice.choice([self.check_in, self.check_in, self.check_in, self.postpone])(planned[0], number)
        made = [each for each in fresh if each.position is None]
        target = (
            dice.choice(made) if made and dice.random() < 0.5 else fresh[0] if fresh[0].state == "new" else fresh[-1]
        )
        if target.state == "planned":
            return self.check_in(target, number)
        return dice.choice([self.check_in_unplanned, self.check_in_unplanned, self.plan])(target, number)

    # --- What there is to do ----------------------------------------------------------------------------------------

    def check_in(self, to: Customer, _number: int) -> Step:
        """At a planned visit."""
        return Step(
            "check-in", to, f"/visits/{to.visit}", "[data-position-submit]", f"/visits/{to.visit}/check-in",
            (f"in {to.id}",), (f"visit {to.id}",), self._stand_at(to), lambda _entry: self._arrive(to, to.visit),
        )  # fmt: skip

    def check_in_unplanned(self, to: Customer, _number: int) -> Step:
        """At a customer; the phone makes the visit's id."""
        return Step(
            "check-in (unplanned)", to, f"/accounts/{to.id}/check-in", "[data-position-submit]",
            f"/accounts/{to.id}/check-in", (f"in {to.id}",), (f"visit {to.id}", f"account {to.id}"),
            self._stand_at(to), lambda entry: self._arrive(to, dict(entry["fields"])["visit_id"]),
        )  # fmt: skip

    def _stand_at(self, to: Customer) -> Callable[[Page], None]:
        lat, lon = to.position or (51.5045, -0.0865)
        return lambda page: page.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 12})

    def _arrive(self, to: Customer, visit: str) -> None:
        to.visit, to.state, self.here = visit, "here", to
        self.met.append(to)

    def report(self, to: Customer, number: int) -> Step:
        """Written down before leaving; each time with another outcome, by which its fact is known."""
        left = [each for each in OUTCOMES[:-1] if each not in to.outcomes]
        if not left:
            return self.check_out(to, number)
        outcome, mark = self.dice.choice(left), f"r-{number:06}"
        return Step(
            "report", to, f"/visits/{to.visit}", f"button[formaction='/visits/{to.visit}/report']", mark,
            (f"report {to.id} {outcome}",), (f"visit {to.id}",),
            self._write(mark, outcome), lambda _entry: to.outcomes.append(outcome),
        )  # fmt: skip

    def check_out(self, to: Customer, number: int) -> Step:
        """The end of the visit, with its last report."""
        mark, outcome = f"o-{number:06}", OUTCOMES[-1]

        def leave(_entry: dict[str, Any]) -> None:
            to.state, self.here = "over", None

        return Step(
            "check-out", to, f"/visits/{to.visit}", "button[form=report]", mark,
            (f"out {to.id}", f"report {to.id} {outcome}"), (f"visit {to.id}",), self._write(mark, outcome), leave,
        )  # fmt: skip

    @staticmethod
    def _write(text: str, outcome: str) -> Callable[[Page], None]:
        def fill(page: Page) -> None:
            page.fill("#report textarea[name=text]", text)
            page.select_option("#report [name=outcome]", outcome)

        return fill

    def photo(self, to: Customer, number: int) -> Step:
        """A picture that says its number."""

        def fill(page: Page) -> None:
            shot = self.phone.folder.with_name(f"p-{number:06}.jpg")
            shot.write_bytes(photo_of(number))
            page.set_input_files("#photo", shot)  # of a file, so that the browser tells the page, as for a person
            page.locator("#shot").wait_for(timeout=FIND_MS)  # whoever does not see the picture does not keep it

        return Step(
            "photo", to, f"/visits/{to.visit}", "form[action$='/photos'] button", f"p-{number:06}",
            (f"photo {number}",), (f"visit {to.id}",), fill, is_photo=True,
        )  # fmt: skip

    def note(self, to: Customer, number: int) -> Step:
        """On a customer's page."""
        mark = f"n-{number:06}"
        return Step(
            "note", to, f"/accounts/{to.id}", "form[action$='/notes'] button", mark, (f"note {mark}",),
            (f"account {to.id}",), lambda page: page.fill("form[action$='/notes'] textarea", mark),
        )  # fmt: skip

    def contact(self, to: Customer, number: int) -> Step:
        """A person at the customer."""
        mark = f"c-{number:06}"
        return Step(
            "contact", to, f"/accounts/{to.id}/contacts/new", ".dock button[form=contact]", mark,
            (f"contact {mark}",), (f"account {to.id}",), lambda page: page.fill("#contact [name=name]", mark),
        )  # fmt: skip

    def new_customer(self, number: int) -> Step:
        """Found at the door; its id is the key of the form."""
        name = "".join(self.dice.choice(SYLLABLES) for _ in range(6)).title() + f" a-{number:06}"
        made = Customer("", None)

        def known(entry: dict[str, Any]) -> None:
            made.id = entry["key"]
            self.customers.insert(0, made)

        return Step(
            "new customer", made, "/accounts/new", ".dock button[form=new_account]", name, (f"account {name}",), (),
            lambda page: page.fill("#new_account [name=name]", name), known,
        )  # fmt: skip

    def plan(self, to: Customer, number: int) -> Step:
        """A visit some days ahead."""
        mark, day = f"v-{number:06}", datetime.now(UTC).date() + timedelta(days=30 + number % 300)

        def fill(page: Page) -> None:
            page.fill("[name=planned_on]", day.isoformat())
            page.fill("[name=purpose]", mark)

        return Step(
            "plan", to, f"/accounts/{to.id}/visits/new", "form[action$='/visits/new'] button.primary", mark,
            (f"plan {to.id} {day}",), (f"account {to.id}",), fill, lambda _entry: self.met.append(to),
        )  # fmt: skip

    def postpone(self, to: Customer, number: int) -> Step:
        """A planned visit goes to another day."""
        mark, day = f"d-{number:06}", datetime.now(UTC).date() + timedelta(days=30 + number % 300)
        form = "form[action$='/dismissal']"

        def fill(page: Page) -> None:
            if not page.locator(f"{form} [name=reason]").is_visible():
                page.locator(f"details:has({form}) > summary").click()
            page.check(f"{form} [name=kind][value=postponed]")
            page.fill(f"{form} [name=postponed_to]", day.isoformat())
            page.fill(f"{form} [name=reason]", mark)

        def gone(_entry: dict[str, Any]) -> None:
            to.state = "postponed"

        return Step(
            "postponement", to, f"/visits/{to.visit}", f"{form} button.primary", mark,
            (f"dismissal {mark}", f"plan {to.id} {day}"), (f"visit {to.id}",), fill, gone,
        )  # fmt: skip

    def order(self, to: Customer, number: int) -> Step:
        """Two pieces of the first product in the list, looked at and then placed."""
        mark = f"s-{number:06}"

        def fill(page: Page) -> None:
            more = page.locator("#matches [data-step='1']").first
            more.click()
            more.click()
            page.fill("[name=customer_reference]", mark)
            page.click("[name=step][value=review]")

        return Step(
            "order", to, f"/accounts/{to.id}/orders/new?visit={to.visit}", "button[formaction$='/orders']", mark,
            (f"order {mark}",), (f"visit {to.id}", f"account {to.id}"), fill,
        )  # fmt: skip

    # --- Doing ------------------------------------------------------------------------------------------------------

    def do(self, step: Step, before_tap: Callable[[], None], times: int = 1) -> Deed:
        """Open, fill in, tap; then wait until the phone has said that it is kept.

        ImpossibleError where there is no form, playwright's Error where the browser is gone.
        """
        page = self._show(step)
        button = page.locator(step.button).first
        self.heard = None
        deed = self.journal.add(step.what, step.mark, step.effects, step.lanes, step.is_photo)
        before_tap()
        try:
            if times > 1:
                button.dblclick(timeout=FIND_MS)
            else:
                button.click(timeout=FIND_MS, no_wait_after=True)
        except Error as error:
            if not self.phone.is_alive():
                raise
            if self.heard is None and "Timeout" in str(error):
                self.impossible.append(f"{deed}: no tap at {page.url}")
        end = time.monotonic() + KEEP_S
        while self.heard is None and time.monotonic() < end:
            page.wait_for_timeout(15)
        self.settle(deed, step)
        return deed

    def settle(self, deed: Deed, step: Step) -> None:
        """Write down whether the deed was kept, by what the page said, else by what the phone holds."""
        entry = self.heard
        if entry is None:
            self.journal.acknowledge(words_of(entries := self.phone.entries()))
            entry = next((each for each in entries if deed.kept and each["key"] == deed.key), None)
        if entry is None:
            deed.is_void = not deed.kept  # it may have been seen on its way, and be gone
            return
        deed.kept, deed.key = True, entry["key"]
        step.then(entry)

    def _show(self, step: Step) -> Page:
        """The page with the step's form, filled in."""
        try:
            page = self.phone.page
            here = page.url.removeprefix(self.phone.base).partition("#")[0]
            if here != step.path or self.dice.random() < 0.3:
                page = self.phone.open(step.path)
            if page.title().startswith("No connection"):
                raise ImpossibleError  # asked for without network, and not on the phone
            if step.what != "order":  # whose button comes with its review
                page.locator(step.button).first.wait_for(state="attached", timeout=FIND_MS)
            while not page.evaluate(SETTLED):
                page.wait_for_timeout(20)
            step.fill(page)
            page.locator(step.button).first.wait_for(timeout=FIND_MS)
        except Error as error:
            if not self.phone.is_alive():
                raise
            why, page = str(error).splitlines()[0][:100], self.phone.page
            shown = " ".join(page.inner_text("body").split())[:300]
            self.impossible.append(f"{step.what} at {step.path}: {why}; {page.url} shows {shown}")
            raise ImpossibleError from error
        return page


def customers_of(data: Path, email: str, today: str) -> tuple[UUID, list[Customer]]:
    """The person and the customers with a position; the first ones are planned for today and wait."""
    with sqlite3.connect(data / "fieldbook.sqlite") as db:
        (person,) = db.execute("SELECT id FROM person WHERE email = ?", (email,)).fetchone()
        visits = {
            account: visit
            for visit, account in db.execute(
                "SELECT id, account_id FROM visit WHERE rep_id = ? AND planned_on = ? AND id NOT IN "
                "(SELECT visit_id FROM check_in) AND id NOT IN (SELECT visit_id FROM visit_dismissal)",
                (person, today),
            )
        }
        busy = {row[0] for row in db.execute("SELECT account_id FROM visit WHERE planned_on >= ?", (today,))}
        rows = db.execute(
            "SELECT a.id, p.lat, p.lon FROM account a JOIN place p ON p.account_id = a.id WHERE a.owner_id = ? "
            "AND p.lat IS NOT NULL AND a.archived_at IS NULL AND p.position_in_list = 0 ORDER BY a.last_visit_on, a.id",
            (person,),
        ).fetchall()
    found: list[Customer] = []
    for account, lat, lon in rows:
        if account in visits:
            visit = str(UUID(bytes=visits[account]))
            found.insert(0, Customer(str(UUID(bytes=account)), (lat, lon), visit, "planned"))
        elif account not in busy:
            found.append(Customer(str(UUID(bytes=account)), (lat, lon)))
    return UUID(bytes=person), found
