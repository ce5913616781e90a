"""A small house with one row of everything for each of three people, and a reader of the forms that its pages show."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

from flask import Flask
from PIL import Image
from shapely import box
from sqlalchemy import select
from werkzeug.routing import Rule

from app.accounts.actions import add_account, add_contact, add_note
from app.accounts.models import Account
from app.accounts.queries import get_main_place
from app.accounts.rules import AccountInput, ContactInput, PlaceInput
from app.beats.actions import enter_absence
from app.beats.models import BeatPlan, BeatPlanRep, BeatVisit
from app.beats.rules import DayLoad, Lack, Missing, Remedy, RemedyKind, Shortfall
from app.beats.states import plain_days, plain_missing, plain_shortfall
from app.catalogue.actions import PriceInput, PriceListInput, ProductInput, add_price_list, add_product, set_prices
from app.contracts.actions import make_contract, print_contracts
from app.documents.actions import keep_file, request_document
from app.infra import files
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.questions.actions import Given, add_question, answer
from app.questions.queries import list_asked
from app.questions.rules import Kind, QuestionInput
from app.sales.actions import place_order, save_quote
from app.sales.plugs import QUOTE
from app.sales.rules import LineInput, OrderInput
from app.territories.actions import draft_territories, keep_shape
from app.territories.models import Territory, TerritoryAccount, TerritoryChange
from app.territories.rules import COLOURS, Definition
from app.territories.shapes import as_area
from app.transfer.models import ImportRun
from app.visits.actions import (
    CheckInInput,
    ReportInput,
    add_photo,
    check_in_unplanned,
    plan_visit,
    save_report,
)
from app.visits.photos import take_in
from app.visits.rules import Fix
from tests.conftest import Cast, device_of

HERE = Position(31.2397, 121.4903)
RANDOM = UUID("0190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")  # nobody's
NONSENSE = ("1", "x", "-1", "..%2f..%2fetc%2fpasswd", "%00", "00000000-0000-0000-0000-00000000000g", "'%20OR%201=1")


@dataclass
class Estate:
    """One row of everything that belongs to one person. `planned` is a visit to come, `visit` one that has begun."""

    account_id: UUID
    place_id: UUID
    contact_id: UUID
    planned: UUID
    visit_id: UUID
    photo_id: UUID
    quote: UUID
    order: UUID
    contract_id: UUID
    document_id: UUID
    contract_paper: UUID
    device_id: UUID
    plan_id: UUID
    absence_id: UUID

    def owned(self, rule: Rule) -> dict[str, UUID | str] | None:
        """The ids that a rule's address takes, all of this person's rows; None where nobody owns them."""
        first = rule.rule.split("/")[1]
        ids: dict[str, UUID | str] = {
            "account_id": self.account_id, "place_id": self.place_id, "contact_id": self.contact_id,
            "visit_id": self.planned if first == "plan" else self.visit_id, "photo_id": self.photo_id,
            "sale_id": self.quote if first == "quotes" else self.order, "order_id": self.order,
            "contract_id": self.contract_id, "document_id": self.document_id,
            "device_id": self.device_id, "plan_id": self.plan_id, "absence_id": self.absence_id,
        }  # fmt: skip
        return {name: ids[name] for name in rule.arguments} if rule.arguments <= ids.keys() else None


@dataclass
class World:
    """Estates by the first name of their owner, and what everybody shares. `batch`: Ada's print of all contracts."""

    of: dict[str, Estate]
    product: UUID
    price_list: UUID
    run: UUID
    batch: UUID
    shared: dict[str, UUID] = field(default_factory=dict)


def picture(form: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(out, form)
    return out.getvalue()


PHOTO, TABLE = picture(), b"name,address\nNew Deli,2 New Road\n"


def build(cast: Cast) -> World:
    """Everything, made by the actions that people use."""
    return transact(lambda: _build(cast))


def _build(cast: Cast) -> World:
    now = datetime.now(UTC)
    product = add_product(cast.ada, None, ProductInput("OIL-5", "Olive oil", category="Oil", unit="can"), now).id
    price_list = add_price_list(cast.ada, None, PriceListInput("Standard", "CNY"), now).id
    set_prices(cast.ada, price_list, [PriceInput(product, None, 39_900)], now)
    questions = _questions(cast.ada, now)
    of = {actor.name.lower(): _estate(actor, product, now) for actor in (cast.rita, cast.ren, cast.ada)}
    batch = print_contracts(cast.ada, new_id(), [each.contract_id for each in of.values()], "All", now).id
    for document_id in [*(each.document_id for each in of.values()), *(e.contract_paper for e in of.values()), batch]:
        keep_file(document_id, files.store(b"%PDF-1.7 paper"), 1, 14, now)
    run = ImportRun(
        id=new_id(), kind="accounts", source="shops", file_name="shops.csv", digest=files.store(b"name\nA\n"),
        dry_run=False, person_id=cast.ada.id, job_id=None, requested_at=now, ended_at=now, fields=[["name", "name"]],
        ignored=["fax"], read=1, created=0, rejected=1, problems=1, problem_file=None,
        first_problems=[{"line": 2, "column": "name", "reason": "Write the customer's name.", "params": {},
                         "is_rejected": True}],
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    territory, change = _territory(cast, now), new_id()
    draft_territories(cast.ada, change, {new_id(): Definition("South", rule={"city": ["Leeds"]})}, None, now)
    db.session.get_one(TerritoryChange, change).previewed_at = now
    db.session.flush()
    shared = {
        "product_id": product, "price_list_id": price_list, "run_id": run.id, "person_id": cast.ren.person_id,
        "rep_id": cast.ren.person_id, "team_id": cast.teams["britain"],
        "device_id": of["ren"].device_id, "question_id": questions[1], "territory_id": territory, "change_id": change,
    }  # fmt: skip
    return World(of, product, price_list, run.id, batch, shared)


def _questions(admin: Actor, now: datetime) -> list[UUID]:
    """One of each kind, for customers of every class."""
    every, options = ("A", "B", "C"), ("Eye level", "Till")
    return [add_question(admin, None, QuestionInput(kind, f"{kind}?", every, options=options), now).id for kind in Kind]


def _answers(actor: Actor, visit: UUID, now: datetime) -> None:
    wording = {Kind(each.row.kind): each.row.wording_id for each in list_asked(actor, "C", now)}
    said = {Kind.YES_NO: "1", Kind.CHOICE: "1", Kind.NUMBER: "12", Kind.TEXT: f"{actor.name} heard nothing"}
    answer(actor, visit, new_id(), [Given(wording[kind], typed) for kind, typed in said.items()], now)


def _territory(cast: Cast, now: datetime) -> UUID:
    """A territory with an outline and a customer in it."""
    area = as_area(box(121, 31, 122, 32))
    assert area is not None
    made = Territory(id=new_id(), name="North", colour=COLOURS[0], shape_id=keep_shape(area), rule={}, created_at=now)
    db.session.add(made)
    db.session.flush()
    place = Account.owner_id == cast.ada.id
    db.session.add(TerritoryAccount(account_id=db.session.scalars(select(Account.id).where(place)).first(),
                                    territory_id=made.id, how="position"))  # fmt: skip
    return made.id


def _estate(actor: Actor, product: UUID, now: datetime) -> Estate:
    def account(name: str) -> tuple[UUID, UUID]:
        place = PlaceInput(actor.zone, address=f"1 {name} Road", city="Port", position=HERE)
        made = add_account(actor, None, AccountInput(name, phone="021 5550 1234"), place, None, actor.id, now).id
        return made, get_main_place(actor, made).id

    account_id, place_id = account(f"{actor.name}'s Deli")
    other, other_place = account(f"{actor.name}'s Kiosk")
    contact = add_contact(
        actor, account_id, None, ContactInput("Lin", "Buyer", "021 5550 9999", "lin@deli.example"), now
    )
    add_note(actor, account_id, None, "Deliveries before ten", now)
    today = today_in(actor.zone, now)
    planned = plan_visit(actor, new_id(), other, other_place, today + timedelta(days=1), now, purpose="Samples").id
    visit = new_id()
    check_in_unplanned(actor, visit, account_id, place_id, CheckInInput(Fix(HERE, 10.0, now), reason="Here"), now)
    save_report(actor, visit, ReportInput("order", "All well"), None, now)
    _answers(actor, visit, now)
    photo = add_photo(actor, visit, new_id(), take_in(picture(), "", actor.zone), now).id
    given = OrderInput(
        (LineInput(product, 3),), delivery_place="Back door", customer_reference="PO 1", note="Soon", visit_id=visit
    )
    quote = save_quote(actor, None, account_id, given, now)
    order = place_order(actor, None, account_id, given, now).id
    contract = make_contract(actor, new_id(), order, None, now)
    document = request_document(actor, new_id(), QUOTE, quote.id, quote.number, "en", now).id
    return Estate(
        account_id, place_id, contact.id, planned, visit, photo, quote.id, order, contract.id, document,
        contract.document_id, device_of(actor), _week_plan(actor, other, other_place, now),
        enter_absence(actor, new_id(), actor.person_id, today, today, "Holiday", now).id,
    )  # fmt: skip


def _week_plan(actor: Actor, account_id: UUID, place_id: UUID, now: datetime) -> UUID:
    """A draft of the next week with one visit, and one that is missing."""
    today = today_in(actor.zone, now)
    monday = today + timedelta(days=7 - today.weekday())
    plan = BeatPlan(id=new_id(), created_at=now, created_by=actor.person_id, first_on=monday, weeks=1,
                    weekdays=[0, 1], calendar="", minutes=30, made_at=now)  # fmt: skip
    db.session.add(plan)
    db.session.flush()
    days = plain_days([DayLoad(monday, 1, 1800, 600, 9000)])
    missing = plain_missing([Missing(account_id, monday, Lack.NO_TIME)])
    short = plain_shortfall(Shortfall(1, 30, (Remedy(RemedyKind.OTHER_REP, 1, 1, rep_id=actor.person_id),)))
    db.session.add(BeatPlanRep(plan_id=plan.id, rep_id=actor.person_id, made_at=now, days=days, missing=missing,
                               shortfall=short, outcome={}))  # fmt: skip
    db.session.add(BeatVisit(plan_id=plan.id, visit_id=new_id(), rep_id=actor.person_id, account_id=account_id,
                             place_id=place_id, day=monday, sequence=1, planned_at=now, minutes=30))  # fmt: skip
    db.session.flush()
    return plan.id


def address(app: Flask, rule: Rule, ids: dict[str, Any]) -> str:
    """The address of a rule with these ids in it, as they are."""
    path = rule.rule
    for name in rule.arguments:
        path = re.sub(rf"<(?:\w+:)?{name}>", str(ids.get(name, "2026-03-10")), path)
    return path


_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def told(text: str) -> str:
    """A page without its ids: form keys are new each time."""
    return _IDS.sub("", text)


def dump() -> dict[str, list[Any]]:
    """All rows of all tables."""
    db.session.rollback()
    found = {table.name: sorted(map(repr, db.session.execute(select(table)))) for table in db.metadata.sorted_tables}
    db.session.rollback()
    return found


@contextmanager
def put_back_after() -> Iterator[Callable[[], None]]:
    """On SQLite: gives a function that puts the whole database back to how it is now."""
    import pysqlite3.dbapi2 as sqlite

    path = db.engine.url.database
    assert path
    kept = sqlite.connect(":memory:")
    live = sqlite.connect(path)
    live.backup(kept)
    live.close()

    def put_back() -> None:
        db.session.rollback()
        there = sqlite.connect(path)
        there.execute("PRAGMA synchronous=OFF")
        kept.backup(there)
        there.close()

    yield put_back
    kept.close()


# --- Forms -----------------------------------------------------------------------------------------------------------


@dataclass
class PageForm:
    """A form as a browser sees it. `fields`: (name, type, value, choices); a select's choices are its options."""

    action: str
    fields: list[tuple[str, str, str, list[str]]] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """What is sent where nothing is touched but a file is chosen."""
        sent: dict[str, Any] = {}
        for name, kind, value, _choices in self.fields:
            if kind == "file":
                sent[name] = (io.BytesIO(TABLE if name == "file" else PHOTO), "chosen")
            elif kind not in ("unchecked", "submit"):
                sent[name] = value
        return sent


class FormReader(HTMLParser):
    """Finds the forms that post, with the fields inside them and those that name them by `form`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, PageForm] = {}
        self.bad: list[str] = []
        self._open: PageForm | None = None
        self._select: tuple[str, str, str, list[str]] | None = None
        self._text: tuple[str, str, str, list[str]] | None = None
        self._later: list[tuple[str, tuple[str, str, str, list[str]]]] = []
        self.feed(text)
        for name, each in self._later:
            if name in self.forms:
                self.forms[name].fields.append(each)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.bad += [f"<{tag} {name}={value}>" for name, value in attrs if name.startswith("on") and name != "on"]
        if tag == "form":
            self._open = PageForm(given.get("action", ""))
            if given.get("method", "").lower() == "post":
                self.forms[given.get("id") or f"#{len(self.forms)}"] = self._open
        elif tag in ("input", "button", "select", "textarea") and given.get("name"):
            kind = given.get("type", "text") if tag == "input" else tag
            kind = "submit" if tag == "button" else kind
            if kind in ("checkbox", "radio") and "checked" not in given:
                kind = "unchecked"
            each = (given["name"], kind, given.get("value", "on" if "check" in kind else ""), list[str]())
            if tag == "select":
                self._select = each
            elif tag == "textarea":
                self._text = each
            else:
                self._add(each, given.get("form"))
            if tag in ("select", "textarea"):
                self._form_of = given.get("form")
        elif tag == "option" and self._select is not None:
            name, kind, value, choices = self._select
            choices.append(given.get("value", ""))
            chosen = given.get("value", "") if "selected" in given or len(choices) == 1 else value
            self._select = (name, kind, chosen, choices)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            name, kind, value, choices = self._text
            self._text = (name, kind, value + data, choices)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select" and self._select is not None:
            self._add(self._select, self._form_of)
            self._select = None
        elif tag == "textarea" and self._text is not None:
            self._add(self._text, self._form_of)
            self._text = None

    def _add(self, each: tuple[str, str, str, list[str]], form: str | None) -> None:
        if form:
            self._later.append((form, each))
        elif self._open is not None:
            self._open.fields.append(each)


def forms_of(text: str) -> list[PageForm]:
    """The forms of a page that post."""
    return list(FormReader(text).forms.values())
