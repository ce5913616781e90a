"""The phone's sums are the server's: static/js/sums.js against app/sales/rules.py, in real Chromium."""

import random
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from app.kernel.errors import InvalidError
from app.kernel.ids import new_id
from app.kernel.money import MAX_MINOR, Money, format_money, minor_digits, sign_of
from app.kernel.rates import parse_rate
from app.kernel.text import fold
from app.sales.forms import Basket, BasketLine
from app.sales.rules import MAX_QUANTITY, Line, percent, price

from .conftest import Site

BASKETS = 4_000
RATES = (0, 0, 1, 500, 600, 900, 1300, 2000, 9_999, 10_000)
PRICES = (0, 1, 2, 3, 5, 10, 99, 100, 333, 8_850, 39_900, 10**9, MAX_MINOR)
SUMS = """async (baskets) => {
  const { price } = await import("/static/js/sums.js");
  const names = ["discount", "net", "tax", "gross"];
  return baskets.map(([lines, included]) => {
    const given = lines.map(([quantity, price, discount, tax]) => ({ quantity, price, discount, tax }));
    const priced = price(given, included);
    return [
      priced.lines.map((line) => ["list", ...names].map((name) => String(line[name]))),
      priced.taxes.map((each) => ["rate", ...names.slice(1)].map((name) => String(each[name]))),
      names.map((name) => String(priced[name])),
    ];
  });
}"""


def any_line(chance: random.Random) -> tuple[int, int, int, int]:
    small = chance.random() < 0.8
    return (
        chance.randint(1, 40) if small else chance.randint(1, MAX_QUANTITY),
        chance.randint(0, 99_999) if small else chance.choice(PRICES),
        chance.choice((0, 0, 1, 250, 333, 500, 9_999, 10_000)) if small else chance.randint(0, 10_000),
        chance.choice(RATES) if small else chance.randint(0, 10_000),
    )


def expected(lines: list[tuple[int, int, int, int]], included: bool, currency: str) -> list[Any]:
    product = new_id()
    priced = price(
        (Line(product, quantity, unit, discount, tax) for quantity, unit, discount, tax in lines),
        currency,
        prices_include_tax=included,
    )
    return [
        [[str(n) for n in (each.list_price, each.discount, each.net, each.tax, each.gross)] for each in priced.lines],
        [[str(n) for n in (each.tax_bp, each.net, each.tax, each.gross)] for each in priced.taxes],
        [str(n) for n in (priced.discount, priced.net, priced.tax, priced.gross)],
    ]


def blank(site: Site, new_page: Callable[..., Page]) -> Page:
    page = new_page()
    page.goto(site.page("/", ""))
    return page


def test_thousands_of_baskets_cost_the_same_to_the_minor_unit(site: Site, new_page: Callable[..., Page]) -> None:
    chance = random.Random(3)
    baskets = [
        ([any_line(chance) for _ in range(chance.randint(1, 12))], chance.random() < 0.5) for _ in range(BASKETS)
    ]
    baskets += [([(1, 10, 0, 500)] * 20, False), ([(1, 10, 0, 500)] * 200, True), ([], False)]
    found = blank(site, new_page).evaluate(SUMS, baskets)
    for (lines, included), sums in zip(baskets, found, strict=True):
        assert sums == expected(lines, included, "CNY"), (lines, included)


def test_amounts_are_written_the_same_in_all_languages(site: Site, new_page: Callable[..., Page]) -> None:
    chance = random.Random(4)
    minors = [0, 1, 9, 10, 99, 100, 999, 1_000, 99_999, 100_000, 123_456_789, MAX_MINOR, MAX_MINOR * 2]
    minors += [chance.randint(0, 10 ** chance.randint(1, 16)) for _ in range(300)]
    cases = [
        (str(minor), {"sign": sign_of(currency, language), "digits": str(minor_digits(currency))})
        for language in ("en", "zh_Hans", "zh_Hant")
        for currency in ("CNY", "TWD", "GBP", "JPY", "KWD", "CHF", "CLF", "HKD")
        for minor in minors
    ]
    wanted = [
        format_money(Money(minor, currency), language)
        for language in ("en", "zh_Hans", "zh_Hant")
        for currency in ("CNY", "TWD", "GBP", "JPY", "KWD", "CHF", "CLF", "HKD")
        for minor in minors
    ]
    script = """async (cases) => {
      const { money } = await import("/static/js/sums.js");
      return cases.map(([minor, look]) => money(BigInt(minor), look));
    }"""
    assert blank(site, new_page).evaluate(script, cases) == wanted


def test_percentages_and_quantities_are_read_and_written_the_same(site: Site, new_page: Callable[..., Page]) -> None:
    typed = [
        "5",
        "5%",
        " 2.5 ",
        "１３％",
        "2。5",
        "100",
        "100.01",
        "-1",
        "much",
        "5.125",
        "0",
        "0.05",
        "5.",
        ".5",
        "%",
        "",
    ]
    counts = ["3", "３", "-2", "−2", "0.5", "1e3", "many", " 7 ", "007", "+1", "1,000", "９９９", ""]
    script = """async ([rates, counts, points]) => {
      const { percent, readRate, readWhole } = await import("/static/js/sums.js");
      const known = (number) => Number.isNaN(number) ? null : number;
      const read = (texts, reader) => texts.map((each) => known(reader(each)));
      return [read(rates, readRate), read(counts, readWhole), points.map(percent)];
    }"""
    points = list(range(10_001))
    rates, numbers, texts = blank(site, new_page).evaluate(script, [typed, counts, points])
    assert rates == [rate_or_none(each) for each in typed]
    assert numbers == [count_or_none(each) for each in counts]
    assert texts == [percent(each) for each in points]


def rate_or_none(typed: str) -> int | None:
    try:
        return parse_rate(typed, "discount")
    except InvalidError:
        return None


def count_or_none(typed: str) -> int | None:
    basket = Basket([BasketLine(new_id(), typed.strip())])
    (line,) = basket.to_lines()
    return line.quantity if basket.is_readable else None


def test_names_are_folded_as_the_server_folds_them(site: Site, new_page: Callable[..., Page]) -> None:
    names = [
        "Olive Oil 5 L",
        "ＯＬＩＶＥ",
        "1-2 x",
        "12",
        "Café  crème",
        "TEA_001",
        "绿茶 250克",
        "6 × 1 kg",
        "½ L",
        "ﬁne",
        "·a·",
        "",
    ]
    script = """async (names) => {
      const { fold } = await import("/static/js/folding.js");
      return names.map(fold);
    }"""
    assert blank(site, new_page).evaluate(script, names) == [fold(name) for name in names]
