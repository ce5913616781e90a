"""Eight weeks in the life of the demo company, told through the actions that its people use.

Everything comes from dice that are thrown the same way for the same day, so two seeds of one day are alike. What lies
before today is complete; of today only what the clock has passed has happened, and the last visits are always still to
be made, whoever tries it in the evening.
"""

import random
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from uuid import UUID

from app.accounts.actions import add_account, add_note
from app.accounts.queries import get_main_place
from app.accounts.rules import AccountInput, ContactInput, PlaceInput
from app.catalogue.actions import (
    PriceInput,
    PriceListInput,
    ProductInput,
    add_price_list,
    add_product,
    assign_price_list,
    set_prices,
)
from app.contracts.actions import make_contract
from app.coverage.actions import save_account_rhythm, save_class_rhythm
from app.demo.cities import CITIES, LONDON, SHANGHAI, TAIPEI, City, Customer, customers_of
from app.demo.goods import GOODS
from app.demo.weeks import plan_weeks
from app.identity.actions import change_own_profile
from app.identity.administration import CompanyInput, PersonInput, add_person, save_team, set_up_company
from app.identity.queries import actor_of, find_company, get_self
from app.infra.arrival import hearing
from app.infra.db import db, transact
from app.kernel.access import SYSTEM, Actor
from app.kernel.dates import at_local, today_in
from app.kernel.geo import Position
from app.kernel.hours import read_hours, windows_on
from app.questions.actions import Given, add_question, answer
from app.questions.queries import find_sheet
from app.questions.rules import Kind, QuestionInput
from app.sales.actions import approve_order, place_order, save_quote
from app.sales.rules import LineInput, OrderInput
from app.visits.actions import CheckInInput, ReportInput, arrange_day, check_in, check_out, dismiss_visit, plan_visit
from app.visits.rules import OUTCOMES, Dismissal, Fix

PASSWORD = "fieldbook-demo"  # noqa: S105 - of the demo, printed at every start
WEEKS = 8
CUSTOMERS_PER_CITY = 320
VISITS_A_DAY = 5
LEFT_TODAY = 2
NO_SIGNAL_EVERY = 13  # days
RHYTHMS = {"A": (14, "Tue-Fri"), "B": (28, ""), "C": (70, "")}  # days, and when they wish it
OWN_WISHES = {"zh_Hans": "周二、周四 09:00-11:00", "zh_Hant": "週三 14:00-16:00", "en": "Mon, Wed 14:00-17:00"}
RATES = {"CNY": (1, 1), "TWD": (9, 200), "GBP": (11, 100)}  # minor units for a fen, as numerator and denominator
TAX = {"CNY": None, "TWD": 500, "GBP": 2000}  # basis points; the products' own is China's
REASONS = {
    "zh_Hans": ("客户临时外出", "门店盘点", "在总部开会时见到采购"),
    "zh_Hant": ("客戶臨時外出", "門市盤點", "在總公司開會時見到採購"),
    "en": ("The buyer was called away", "Stocktaking in the shop", "Met the buyer at their head office"),
}
NOTES = {
    "zh_Hans": ("老客户，偏好月结。", "新店下月开业，需要样品。", "希望周二上午送货。",
                "对冷萃咖啡感兴趣，下次带样品。"),
    "zh_Hant": ("老客戶，偏好月結。", "新店下月開幕，需要樣品。", "希望週二上午送貨。",
                "對冷萃咖啡有興趣，下次帶樣品。"),
    "en": ("Prefers monthly invoices.", "Opens a second shop next month.", "Deliveries before ten, please.",
           "Asked about cold brew; bring samples."),
}  # fmt: skip

QUESTIONS = (
    QuestionInput(
        Kind.YES_NO, "Does a competitor run a promotion? | 有竞品促销吗？ | 有競品促銷嗎？", ("A", "B"), required=True
    ),
    QuestionInput(
        Kind.NUMBER, "Facings of ours | 我们有几个排面？ | 我們有幾個排面？", ("A", "B"),
        unit="facings | 个 | 個", least=0, most=60_000,
    ),
    QuestionInput(Kind.PHOTO, "Photo of the shelf | 货架照片 | 貨架照片", ("A",)),
)  # fmt: skip


@dataclass(frozen=True)
class Client:
    """A customer whom a seller looks after."""

    account_id: UUID
    place_id: UUID
    position: Position | None
    rating: str
    hours: str

    def suits(self, day: date, zone: str, *, must_be_found: bool) -> bool:
        """Whether somebody would plan to go there on that day."""
        return windows_on(read_hours(self.hours), day, zone) != () and not (must_be_found and self.position is None)


@dataclass(frozen=True)
class Rep:
    """A seller of the demo, where they start from, whom they look after, and the contracts made for them."""

    actor: Actor
    city: City
    start: Position
    clients: list[Client]
    contracts: list[UUID]


def seed_once(say: Callable[[str], None], now: datetime | None = None) -> None:
    """Make the demo company where there is no company yet; `say` gets lines of progress."""
    if find_company() is not None:
        return
    now = now or datetime.now(UTC)
    say("Making the demo company …")
    db.session.rollback()
    transact(lambda: _tell(say, now))
    plan_weeks(now)
    say("  Week plans")


def sign_ins() -> str:
    """The demo's sign-ins, a line each."""
    company = find_company()
    if company is None or not company.demo:
        return "This is no demo company: its people sign in with their own addresses."
    rows = [f"  {email:28} {what}" for email, what in SIGN_INS.items()]
    return "\n".join([f"Sign in with the password {PASSWORD} as", *rows])


SIGN_INS = {
    "rep@demo.example": "sales rep in Shanghai (简体中文)",
    "rep.taipei@demo.example": "sales rep in Taipei (繁體中文)",
    "rep.london@demo.example": "sales rep in London (English)",
    "manager@demo.example": "sales manager of all three cities",
    "office@demo.example": "back office",
    "admin@demo.example": "administrator",
}


def _tell(say: Callable[[str], None], now: datetime) -> None:
    dice = random.Random(f"fieldbook {now.date()}")  # noqa: S311 - a story, not a secret
    begin = now - timedelta(weeks=WEEKS, days=7)
    admin, reps = _people(begin)
    lists, products = _goods(admin, dice, begin)
    for rating, (days, wish) in RHYTHMS.items():
        save_class_rhythm(admin, rating, days, wish, None, begin)
    for question in QUESTIONS:
        add_question(admin, _id(dice), replace(question, team_id=get_self(admin).team_id), begin)
    for rep in reps:
        _customers(rep, admin, lists, dice, begin)
    say(f"  {CUSTOMERS_PER_CITY * len(CITIES)} customers in Shanghai, Taipei and London")
    for rep in reps:
        _weeks(rep, admin, products, random.Random(f"{rep.actor.name} {now.date()}"), now)  # noqa: S311
        say(f"  {WEEKS} weeks of {rep.actor.name}")
        db.session.expire_all()


def _people(now: datetime) -> tuple[Actor, list[Rep]]:
    set_up_company(
        SYSTEM,
        CompanyInput(
            name="清泉 Clearspring", legal_name="清泉饮品贸易（上海）有限公司",
            address="上海市静安区南京西路 1550 号 8 楼", phone="021-5550 0100", email="office@demo.example",
            tax_number="91310106MADEMO0X1Q", bank="演示银行上海分行 6222 0000 0000 0000", zone="Asia/Shanghai",
            language="zh_Hans", currency="CNY",
        ),
        now,
        demo=True,
    )  # fmt: skip
    sales = save_team(SYSTEM, None, "Sales", None, "Asia/Shanghai", None, now).id
    teams = {city.key: save_team(SYSTEM, None, city.name, sales, city.zone, None, now).id for city in CITIES}

    def join(email: str, name: str, role: str, team: UUID, zone: str, language: str, discount: int) -> Actor:
        given = PersonInput(f"{email}@demo.example", name, "", role, team, zone, language, discount)
        return actor_of(add_person(SYSTEM, given, PASSWORD, now))

    admin = join("admin", "Ada Quinn", "admin", sales, "Asia/Shanghai", "en", 10_000)
    join("office", "Olivia Zhou", "office", sales, "Asia/Shanghai", "en", 0)
    staff = (
        (SHANGHAI, "rep", "陆晓芸", Position(31.2244, 121.4690)),
        (SHANGHAI, "rep2", "韩文博", Position(31.2350, 121.5060)),
        (TAIPEI, "rep.taipei", "林佳穎", Position(25.0418, 121.5440)),
        (TAIPEI, "rep2.taipei", "許志豪", Position(25.0520, 121.5225)),
        (LONDON, "rep.london", "Grace Holloway", Position(51.5045, -0.0865)),
        (LONDON, "rep2.london", "Samir Patel", Position(51.5345, -0.1050)),
    )
    reps = []
    for city, email, name, start in staff:
        actor = join(email, name, "rep", teams[city.key], city.zone, city.language, 800)
        label = {"zh_Hans": "办公室", "zh_Hant": "辦公室", "en": "Office"}[city.language]
        change_own_profile(actor, {"start_label": label, "start_lat": start.lat, "start_lon": start.lon}, None, now)
        reps.append(Rep(actor, city, start, [], []))
    join("manager", "Martin Shaw", "manager", sales, "Europe/London", "en", 2000)
    return admin, reps


def _goods(admin: Actor, dice: random.Random, now: datetime) -> tuple[dict[str, UUID], list[UUID]]:
    """The catalogue and a price list for each currency: the ids of the lists by currency, and of the products."""
    ids = {}
    for good in GOODS:
        product = add_product(
            admin, _id(dice),
            ProductInput(good.code, good.name, good.zh_hans, good.zh_hant, good.category, good.unit, "", 1300), now,
        )  # fmt: skip
        ids[product.id] = good
    names = {"CNY": "China 2026", "TWD": "Taiwan 2026", "GBP": "Britain 2026"}
    lists = {}
    for currency, (top, bottom) in RATES.items():
        given = PriceListInput(
            names[currency], currency, tax_included=currency == "CNY", standard=True, tax_rate=TAX[currency]
        )
        price_list = add_price_list(admin, _id(dice), given, now)
        set_prices(
            admin, price_list.id,
            [PriceInput(product, None, max(1, good.price * top // bottom)) for product, good in ids.items()], now,
        )  # fmt: skip
        lists[currency] = price_list.id
    return lists, list(ids)


def _customers(rep: Rep, admin: Actor, lists: dict[str, UUID], dice: random.Random, now: datetime) -> None:
    """This rep's half of the city's customers; every eighth lies in the public pool."""
    mine = random.Random(f"{rep.city.key}")  # noqa: S311
    second = rep.actor.name in ("韩文博", "許志豪", "Samir Patel")
    for number, each in enumerate(customers_of(rep.city, CUSTOMERS_PER_CITY, mine)):
        if number % 2 == second:
            account = add_account(
                admin, each.id, _account_input(rep.city, each), _place_input(rep.city, each),
                ContactInput(each.contact, each.title, each.phone), None if number % 8 >= 6 else rep.actor.id, now,
            )  # fmt: skip
            if rep.city is not SHANGHAI:
                assign_price_list(admin, account.id, lists["TWD" if rep.city is TAIPEI else "GBP"], now)
            if number % 8 < 6:
                place = get_main_place(admin, account.id)
                rep.clients.append(Client(account.id, place.id, each.position, each.rating, each.hours))
                if number % 16 < 2:
                    save_account_rhythm(admin, account.id, None, OWN_WISHES[rep.city.language], None, now)
                if number % 9 == 0:
                    add_note(rep.actor, account.id, _id(dice), dice.choice(NOTES[rep.city.language]), now)


def _account_input(city: City, each: Customer) -> AccountInput:
    return AccountInput(each.name, category=each.category, rating=each.rating, phone=each.phone, language=city.language)


def _place_input(city: City, each: Customer) -> PlaceInput:
    return PlaceInput(
        city.zone, country=city.country, region=city.region, city=city.name, district=each.district,
        address=each.address, postcode=each.postcode, hours=each.hours, position=each.position,
    )  # fmt: skip


def _weeks(rep: Rep, admin: Actor, products: list[UUID], dice: random.Random, now: datetime) -> None:
    today = today_in(rep.city.zone, now)
    day = today - timedelta(weeks=WEEKS)
    due = {each: day + timedelta(days=dice.randrange(RHYTHMS[each.rating][0])) for each in rep.clients}
    while day <= today + timedelta(days=2):
        if day.weekday() < 5 or day == today:  # the demo is shown on Sundays, too
            wanted = sorted(due, key=lambda each: (due[each], each.rating, each.account_id))
            suits = (each for each in wanted if each.suits(day, rep.city.zone, must_be_found=day == today))
            chosen = list(islice(suits, VISITS_A_DAY))
            due |= {each: day + timedelta(days=RHYTHMS[each.rating][0]) for each in chosen}
            _day(rep, admin, day, chosen, products, dice, now)
        day += timedelta(days=1)


def _day(
    rep: Rep, admin: Actor, day: date, chosen: list[Client], products: list[UUID],
    dice: random.Random, now: datetime,
) -> None:  # fmt: skip
    zone = rep.city.zone
    planned_at = min(at_local(day, time(8, 0), zone), now)
    starts = [at_local(day, time(9, 20), zone) + timedelta(minutes=80 * n + 30 * (n > 1)) for n in range(len(chosen))]
    stops = []
    for each, start in zip(chosen, starts, strict=True):
        visit = plan_visit(rep.actor, _id(dice), each.account_id, each.place_id, day, planned_at)
        stops.append((visit.id, start))
    arrange_day(rep.actor, day, stops, planned_at)
    today = today_in(zone, now)
    left = stops[-LEFT_TODAY:] if day == today else []
    # Now and then a whole day had no signal, and all of it arrived in the evening.
    no_signal = day != today and day.toordinal() % NO_SIGNAL_EVERY == 0
    with hearing(at_local(day, time(20, 0), zone)) if no_signal else nullcontext():
        _stops(rep, admin, stops, chosen, left, day, products, dice, now)


def _stops(
    rep: Rep, admin: Actor, stops: list[tuple[UUID, datetime]], chosen: list[Client],
    left: list[tuple[UUID, datetime]], day: date, products: list[UUID], dice: random.Random, now: datetime,
) -> None:  # fmt: skip
    today = today_in(rep.city.zone, now)
    for (visit_id, start), client in zip(stops, chosen, strict=True):
        throw, minutes = dice.random(), dice.randint(-8, 15)
        begin, length = start + timedelta(minutes=minutes), timedelta(minutes=dice.randint(14, 42))
        outcome, offset, late = dice.choice(list(OUTCOMES)), _aside(dice), dice.random()
        if begin + length > now or (visit_id, start) in left:
            continue
        if throw < 0.05:
            continue  # missed, and nobody said why yet
        if throw < 0.09:
            reason = dice.choice(REASONS[rep.city.language])
            later = day + timedelta(days=7)
            kind = dice.choice((Dismissal.SKIPPED, Dismissal.POSTPONED))
            dismiss_visit(rep.actor, visit_id, kind, reason, later, _id(dice), begin)
            continue
        off_site = throw > 0.94
        here = _near(client.position or rep.start, (0.02, 0.015) if off_site else offset)
        coarse = 0.5 < late < 0.53  # indoors
        accuracy = round(400 * late if coarse else 6 + 30 * late, 1)
        fix = None if throw > 0.985 else Fix(here, accuracy, begin, 1 + round(5 * late))
        reason = dice.choice(REASONS[rep.city.language]) if off_site or fix is None else ""
        error = "" if fix else "denied" if throw > 0.993 else "timeout"
        given = CheckInInput(fix, error, reason, begin, waited_ms=round(1000 + 11_000 * late))
        check_in(rep.actor, visit_id, given, begin)
        _answers(rep, visit_id, random.Random(f"{visit_id}"), begin + length / 3)  # noqa: S311
        if outcome == "order" or dice.random() < 0.1:
            _order(rep, admin, client.account_id, visit_id, products, dice, begin + length / 2)
        if late < 0.97 or day == today:  # the forgotten ones lie behind, so that the next stop has its check-in
            note = dice.choice(NOTES[rep.city.language]) if late < 0.3 else ""
            check_out(rep.actor, visit_id, ReportInput(outcome, note, None), begin + length)


def _answers(rep: Rep, visit_id: UUID, dice: random.Random, now: datetime) -> None:
    """What is asked and said in words; every tenth answer is left out."""
    sheet = find_sheet(rep.actor, visit_id)
    typed = {Kind.YES_NO: "1" if dice.random() < 0.3 else "0", Kind.NUMBER: str(dice.choice((2, 3, 4, 4, 6, 8, 12)))}
    lines = sheet.lines if sheet else []
    given = [
        Given(line.row.wording_id, typed[kind])
        for line in lines
        if (kind := Kind(line.row.kind)) in typed and dice.random() > 0.1
    ]
    if given:
        answer(rep.actor, visit_id, _id(dice), given, now)


def _order(
    rep: Rep, admin: Actor, account: UUID, visit_id: UUID, products: list[UUID], dice: random.Random, now: datetime
) -> None:
    lines = tuple(
        LineInput(product, dice.choice((1, 2, 3, 5, 10, 12)), dice.choice((0, 0, 0, 200, 500)))
        for product in dice.sample(products, dice.randint(2, 7))
    )
    delivery = today_in(rep.city.zone, now) + timedelta(days=dice.randint(2, 6))
    given = OrderInput(lines=lines, delivery_on=delivery, visit_id=visit_id)
    if dice.random() < 0.2:
        save_quote(rep.actor, _id(dice), account, given, now)
        return
    order = place_order(rep.actor, _id(dice), account, given, now)
    if dice.random() < 0.7:
        approve_order(admin, order.id, None, now)
        if dice.random() < 0.12 or not rep.contracts:  # whoever tries the demo finds one
            rep.contracts.append(_id(dice))
            make_contract(admin, rep.contracts[-1], order.id, None, now)


def _aside(dice: random.Random) -> tuple[float, float]:
    return dice.gauss(0, 0.00025), dice.gauss(0, 0.00025)


def _near(position: Position, offset: tuple[float, float]) -> Position:
    return Position(round(position.lat + offset[0], 6), round(position.lon + offset[1], 6))


def _id(dice: random.Random) -> UUID:
    return UUID(int=dice.getrandbits(128), version=4)
