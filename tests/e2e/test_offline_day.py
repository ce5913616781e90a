"""The rep's whole day with the network off, then sent: on the server it is the day that somebody else had online.

Two reps of the same team do the same: they change the plan, check in at the first stop, take a photo, report and check
out, add a customer, a contact and a note there, check in, take an order, check out. One of them has no network from
before the first tap until after the last.
"""

import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import select

from app.accounts.models import Account, Contact, Note, Place
from app.factory import create_app
from app.identity.models import Person
from app.infra.db import db
from app.infra.journal import JournalEntry
from app.sales.models import Order, OrderLine
from app.visits.models import CheckIn, CheckOut, Photo, Report, Visit
from tests.conftest import settings_for
from tests.e2e.conftest import PHONE, Running, Visitor
from tests.e2e.conftest import Visit as Open
from tests.e2e.test_outbox import carried, offline, sent

NAME, TEXT = "Cellar & Sons <Ltd>", 'Wants 20 cases; "call back" 回电'


@dataclass
class Stop:
    """The next stop of a rep's day."""

    visit: str
    lat: float
    lon: float


def in_database(running: Running, ask: Any) -> Any:
    app = create_app(settings_for(running.data))
    with app.app_context():
        try:
            return ask()
        finally:
            db.session.remove()
            db.engine.dispose()


def person_of(name: str) -> Person:
    return db.session.scalars(select(Person).where(Person.email == f"{name}@demo.example")).one()


def next_stop(running: Running, name: str, visit: str) -> Stop:
    def ask() -> Stop:
        place = db.session.get_one(Place, db.session.get_one(Visit, UUID(visit)).place_id)
        assert place.lat is not None
        assert place.lon is not None
        return Stop(visit, place.lat, place.lon)

    found: Stop = in_database(running, ask)
    return found


def photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((1200, 900), 30).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def settle(rep: Visitor, online: bool) -> None:
    """The answer to the last tap is here: the server's, or the phone's own."""
    if online:
        sent(rep.page)
        rep.page.locator("html:not([data-kept-at])").wait_for()
    else:
        rep.page.locator(".card.is-kept").wait_for()
        expect(rep.page.locator("form[aria-busy]")).to_have_count(0)


def day(rep: Visitor, running: Running, name: str, *, online: bool) -> str:
    """The whole day; returns the address of the new customer."""
    page = rep.page
    # The plan of the day after tomorrow gets a customer who is due.
    rep.go("/plan?day=" + (datetime.now(UTC).date() + timedelta(days=1)).isoformat())
    page.locator("form[action='/plan/visits'] button").first.click()
    if online:
        sent(page)
    else:
        expect(page.locator("#outbox b")).to_have_text("1")
    # The first stop.
    rep.go("/today")
    visit = (page.locator("form[action$='/check-in']").get_attribute("action") or "").split("/")[2]
    stop = next_stop(running, name, visit)
    rep.context.set_geolocation({"latitude": stop.lat, "longitude": stop.lon, "accuracy": 9})
    page.click("[data-position-submit]")
    page.locator("#report").wait_for()
    settle(rep, online)
    rep.fits()
    page.set_input_files("#photo", {"name": "shot.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    page.locator("#shot:not([hidden])").wait_for()
    page.locator("form[action$='/photos'] .button:not(label)").click()
    settle(rep, online)
    page.select_option("[name=outcome]", "interested")
    page.fill("#report textarea", TEXT)
    page.click(".dock .primary")
    page.locator(".dock").wait_for(state="detached")
    settle(rep, online)
    # A new customer, found on the way.
    rep.go("/accounts/new")
    page.fill("[name=name]", NAME)
    page.fill("[name=phone]", "020 7946 0991")
    page.fill("[name=address]", "9 Vault Lane")
    page.click(".dock .primary")
    page.wait_for_url(re.compile("/accounts/[0-9a-f-]{36}$"))
    settle(rep, online)
    account = "/accounts/" + page.url.rsplit("/", 1)[1]
    expect(page.locator("h1")).to_have_text(NAME)
    rep.go(account + "/contacts/new")
    page.fill("[name=name]", "Ann Vault")
    page.click(".dock .primary")
    page.wait_for_url(f"**{account}")
    settle(rep, online)
    page.fill("#account_notes textarea", "Ring twice")
    page.click("#account_notes form button")
    settle(rep, online)
    # Checked in there without a plan.
    page.click(".dock a.primary")
    page.wait_for_url("**/check-in")
    page.click("[data-position-submit]")
    page.locator("#report").wait_for()
    settle(rep, online)
    # The order, from the visit.
    page.locator(".dock a[href*='/orders/new?visit=']").click()
    page.wait_for_url("**/orders/new?visit=*")
    page.locator("#matches [data-step='1']").first.click()
    page.locator("#matches [data-step='1']").first.click()
    page.fill("[name=customer_reference]", "PO-1")
    page.click("[name=step][value=review]")
    page.locator("button[formaction$='/orders']:visible").wait_for()
    total = page.locator("dl.sums dd.total:visible").last.inner_text()
    page.locator("button[formaction$='/orders']:visible").click()
    page.wait_for_url(re.compile("/orders/[0-9a-f-]{36}$"))
    settle(rep, online)
    assert page.locator("dl.sums dd.total:visible").last.inner_text() == total
    rep.fits()
    # And out.
    rep.go("/today")
    page.locator("a[href^='/visits/']", has_text="Report and check out").click()
    page.locator("#report").wait_for()
    page.fill("#report textarea", "Ordered at once")
    page.click(".dock .primary")
    page.locator(".dock").wait_for(state="detached")
    settle(rep, online)
    return account


def told(running: Running, name: str, since: datetime) -> dict[str, Any]:
    """What the server knows of the day, without ids and times."""

    def ask() -> dict[str, Any]:
        me = person_of(name).id
        of_me = db.session.scalars(
            select(JournalEntry).where(JournalEntry.person_id == me, JournalEntry.arrived_at >= since)
        ).all()
        events = sorted(each.event for each in of_me if not each.event.startswith("Device"))
        visits = db.session.scalars(select(Visit).where(Visit.rep_id == me, Visit.created_at >= since)).all()
        begun = db.session.scalars(
            select(CheckIn).where(CheckIn.person_id == me, CheckIn.received_at >= since).order_by(CheckIn.at)
        ).all()
        account = db.session.scalars(select(Account).where(Account.created_by == me, Account.name == NAME)).one()
        place = db.session.scalars(select(Place).where(Place.account_id == account.id)).one()
        order = db.session.scalars(select(Order).where(Order.account_id == account.id)).one()
        assert order.visit_id == begun[-1].visit_id
        return {
            "events": events,
            "visits": sorted(each.planned for each in visits),
            "check-ins": [(each.verdict, each.verdict_reason, round(each.accuracy or 0)) for each in begun],
            "check-outs": [db.session.get_one(CheckOut, each.visit_id).estimated for each in begun],
            "in order": [db.session.get_one(CheckOut, each.visit_id).at >= each.at for each in begun],
            "reports": [
                (report.outcome, report.text, report.version)
                for each in begun
                for report in [db.session.get_one(Report, each.visit_id)]
            ],
            "photos": [
                (photo.width, photo.height)
                for each in begun
                for photo in db.session.scalars(select(Photo).where(Photo.visit_id == each.visit_id))
            ],
            "account": (account.name, account.phone, account.rating, place.address, place.zone, place.certainty),
            "contacts": sorted(db.session.scalars(select(Contact.name).where(Contact.account_id == account.id))),
            "note": "Ring twice" in db.session.scalars(select(Note.text).where(Note.account_id == account.id)).all(),
            "order": (order.currency, order.net, order.tax, order.gross, order.customer_reference, order.dated_on),
            "lines": [
                (line.code, line.quantity, line.unit_price, line.gross)
                for line in db.session.scalars(
                    select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.position)
                )
            ],
        }

    found: dict[str, Any] = in_database(running, ask)
    return found


def test_the_whole_day_without_network_is_the_same_day(demo: Running, visitor: Open) -> None:
    since = datetime.now(UTC)
    days = {}
    for name, online in (("rep2.london", True), ("rep.london", False)):
        rep = visitor(demo, PHONE, position=(51.5, -0.1))
        rep.sign_in(name)
        carried(rep)
        if not online:
            offline(rep, True)
        account = day(rep, demo, name, online=online)
        if not online:
            waiting = rep.page.evaluate(
                "outbox.list().then((all) => all.filter(({state}) => state === 'waiting').length)"
            )
            assert waiting == 10, "everything waits, nothing was sent"
            offline(rep, False)
            sent(rep.page)
        expect(rep.go(account).locator("h1")).to_have_text(NAME)
        days[online] = told(demo, name, since)
    assert json.dumps(days[False], default=str, indent=1) == json.dumps(days[True], default=str, indent=1)


def test_today_and_the_plan_follow_what_was_done_without_network(fresh_demo: Running, visitor: Open) -> None:
    rep = visitor(fresh_demo, PHONE, position=(51.5, -0.1))
    rep.sign_in("rep2.london")
    carried(rep)
    offline(rep, True)
    page = rep.go("/plan")
    order = page.locator("[data-sortable] > [data-id]:visible")
    before = [order.nth(i).get_attribute("data-id") for i in range(order.count())]
    assert len(before) >= 2, "the demo leaves two visits of today, or more"
    page.locator("[data-sortable] [name=steps][value='1']:enabled").first.click()
    expect(order.first).to_have_attribute("data-id", before[1] or "")
    expect(page.get_by_text("Changed on this phone, with")).to_be_visible()
    expect(order.first.locator(".when")).to_be_visible()
    expect(order.first.locator("[name=steps][value='-1']")).to_be_disabled()
    added = page.locator("#add form[action='/plan/visits'] button").first.get_attribute("aria-label") or ""
    page.locator("#add form[action='/plan/visits'] button").first.click()
    expect(page.locator("#outbox b")).to_have_text("2")
    page.click("[action='/plan/best-order'] button")
    expect(page.get_by_text("The best order is worked out when there is a connection.")).to_be_visible()
    rep.fits()

    page = rep.go("/today")
    next_one = page.locator("#now h3").inner_text()
    rows = page.locator("#visits li[data-open] a")
    expect(rows).to_have_count(len(before) + 1)
    expect(rows.last).to_have_text(added.partition(": ")[2])
    page.click("#now [data-position-submit]")
    page.locator("#report").wait_for()
    rep.go("/today")
    expect(page.locator("h2", has_text="You are here")).to_be_visible()
    expect(page.locator("h2:visible", has_text="Next stop")).to_be_visible()
    expect(page.locator("#now")).to_be_hidden()
    assert page.locator(".card.is-kept h3").first.inner_text() == next_one
    rep.fits()
    page.get_by_role("link", name="Report and check out").click()
    page.locator("#report").wait_for()
    page.click(".dock .primary")
    page.locator(".dock").wait_for(state="detached")
    rep.go("/today")
    expect(page.locator("h2", has_text="You are here")).to_have_count(0)
    expect(page.locator(".card.is-kept h3")).not_to_have_text(next_one)
    rep.go("/plan")
    expect(order.first).to_be_visible()
    assert order.count() == len(before) - 1, "who was visited is not put in order any more"
    rep.go("/today")
    for _ in before[1:]:  # then comes the one that was added
        page.get_by_role("link", name="Open the visit").click()
        page.click("[data-position-submit]")
        page.locator("#report").wait_for()
        page.click(".dock .primary")
        page.locator(".dock").wait_for(state="detached")
        rep.go("/today")
    expect(page.locator(".card.is-kept h3")).to_have_text(added.partition(": ")[2])
    page.get_by_role("link", name="Open the visit").click()
    expect(page.get_by_role("button", name="Check in")).to_be_visible()
    expect(page.locator("h1")).to_have_text(added.partition(": ")[2])
    offline(rep, False)
    sent(page)
