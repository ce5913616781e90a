"""The business decisions of quotes and orders: what they cost, what may be ordered, and in which state they are.

`price` is the only place where totals are made. The phone, the desk, the PDF and the stored order show its result, so
prices cannot differ between them.

Rounding: half up, to whole minor units.

    list price    of a line: quantity x unit price, exact
    discount      of a line: list price x (1 - discount), rounded; the discount shown is the difference
    tax           of a document, once for each tax rate, on the sum of its lines of that rate:
                  prices without tax: tax = sum x rate, rounded
                  prices with tax:    net = sum / (1 + rate), rounded; tax = sum - net
                  and spread over those lines by largest remainder: each gets its exact share without the fraction,
                  then the lines with the largest fractions (of equal ones the first) get one more each

So every printed column adds up to its total, and the tax is what the invoice of the same goods will say: rounding it
line by line is not allowed in Japan (国税庁, qualified invoices: one rounding per invoice and rate) and not done on
Taiwan's uniform invoices, where twenty lines of NT$10 at 5 % carry NT$10 of tax, not NT$20.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as with_default
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.dashboards.rules import read_day
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.kernel.money import MAX_MINOR, Money, minor_digits, round_half_up

WHOLE_BP = 10_000  # basis points in a whole
MIN_QUANTITY = 1
MAX_QUANTITY = 99_999
MAX_LINES = 200
FURTHEST_DELIVERY = timedelta(days=732)
QUOTE_DAYS = timedelta(days=30)  # how long a quote stands where nobody says otherwise
LONGEST_QUOTE = timedelta(days=366)

# --- What does somebody want? ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineInput:
    """A product as it is put into the basket. `seen_price`: the unit price that was shown to whoever ordered, in minor
    units; where the price list says another one now, they are asked again. None: nobody looked, today's price counts.
    """

    product_id: UUID
    quantity: int
    discount_bp: int = 0
    seen_price: int | None = None


@dataclass(frozen=True, slots=True)
class OrderInput:
    """What a rep writes about a quote or an order. Prices are not among it: the price list has them.

    `delivery_on` and `valid_until` are days in the company's zone; `valid_until` is for quotes, None: QUOTE_DAYS from
    today. `visit_id`: the visit at which it was taken.
    """

    lines: tuple[LineInput, ...]
    delivery_on: date | None = None
    delivery_place: str = ""
    customer_reference: str = ""
    note: str = ""
    visit_id: UUID | None = None
    valid_until: date | None = None


# --- What does it cost? ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line as ordered. `unit_price` in minor units of the document's currency, discount and tax in basis points."""

    product_id: UUID
    quantity: int
    unit_price: int
    discount_bp: int = 0
    tax_bp: int = 0


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its amounts, all in minor units. net + tax == gross; list_price - discount is the net (prices without
    tax) or the gross (prices with tax)."""

    line: Line
    list_price: int
    discount: int
    net: int
    tax: int
    gross: int


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """The sums of all lines of one tax rate."""

    tax_bp: int
    net: int
    tax: int
    gross: int


@dataclass(frozen=True, slots=True)
class Pricing:
    """A document's amounts in minor units of `currency`: its lines in their order, the sums per tax rate (highest rate
    first) and the sums of all."""

    currency: str
    prices_include_tax: bool
    lines: tuple[PricedLine, ...]
    taxes: tuple[TaxTotal, ...]
    discount: int
    net: int
    tax: int
    gross: int

    def money(self, minor: int) -> Money:
        """One of these amounts with its currency, for display."""
        return Money(minor, self.currency)


def price(lines: Iterable[Line], currency: str, *, prices_include_tax: bool) -> Pricing:
    """All amounts of a document. Its lines should have passed `problems_of`; any integers give consistent sums."""
    minor_digits(currency)  # refuses what is no currency
    ordered = tuple(lines)
    payable = [_discounted(line) for line in ordered]
    rates = sorted({line.tax_bp for line in ordered}, reverse=True)
    tax = [0] * len(ordered)
    for rate in rates:
        of_rate = [index for index, line in enumerate(ordered) if line.tax_bp == rate]
        shares = _taxes([payable[index] for index in of_rate], rate, prices_include_tax)
        for index, share in zip(of_rate, shares, strict=True):
            tax[index] = share
    priced = tuple(
        _priced(line, amount, share, prices_include_tax)
        for line, amount, share in zip(ordered, payable, tax, strict=True)
    )
    return Pricing(
        currency=currency,
        prices_include_tax=prices_include_tax,
        lines=priced,
        taxes=tuple(_tax_total(rate, priced) for rate in rates),
        discount=sum(one.discount for one in priced),
        net=sum(one.net for one in priced),
        tax=sum(one.tax for one in priced),
        gross=sum(one.gross for one in priced),
    )


def _discounted(line: Line) -> int:
    return round_half_up(line.quantity * line.unit_price * (WHOLE_BP - line.discount_bp), WHOLE_BP)


def _taxes(payable: Sequence[int], tax_bp: int, prices_include_tax: bool) -> list[int]:
    """The tax on the sum of these amounts, rounded once and spread over them by largest remainder."""
    amount = sum(payable)
    if prices_include_tax:
        whole = WHOLE_BP + tax_bp
        total = amount - round_half_up(amount * WHOLE_BP, whole)
    else:
        whole = WHOLE_BP
        total = round_half_up(amount * tax_bp, whole)
    shares = [each * tax_bp // whole for each in payable]
    by_remainder = sorted(range(len(payable)), key=lambda index: -(payable[index] * tax_bp % whole))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _priced(line: Line, payable: int, tax: int, prices_include_tax: bool) -> PricedLine:
    list_price = line.quantity * line.unit_price
    net = payable - tax if prices_include_tax else payable
    return PricedLine(line, list_price, list_price - payable, net, tax, net + tax)


def _tax_total(tax_bp: int, priced: Sequence[PricedLine]) -> TaxTotal:
    of_rate = [one for one in priced if one.line.tax_bp == tax_bp]
    net, tax = sum(one.net for one in of_rate), sum(one.tax for one in of_rate)
    return TaxTotal(tax_bp, net, tax, net + tax)


# --- What may be ordered? --------------------------------------------------------------------------------------------

# Reason -> msgid, with its places.
REASONS = {
    "no_lines": N_("Add at least one product."),
    "too_many_lines": N_("An order has %(most)s lines at most; this one has %(count)s."),
    "quantity_out_of_range": N_("The quantity must be between %(least)s and %(most)s."),
    "price_out_of_range": N_("This unit price is not possible."),
    "discount_out_of_range": N_("A discount is between %(least)s and %(most)s%%."),
    "discount_over_limit": N_("Your limit is %(limit)s%%."),
    "tax_out_of_range": N_("A tax rate is between %(least)s and %(most)s%%."),
    "total_too_large": N_("The total is too large."),
    "delivery_in_past": N_("The delivery date is in the past."),
    "delivery_too_far": N_("The delivery date is more than two years ahead."),
    "validity_out_of_range": N_("A quote is valid from today on, for a year at most."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an input is refused: the form field ('lines-2-quantity', 'delivery_on', '' for the whole), a key of REASONS,
    and the values for its places."""

    field: str
    reason: str
    params: Mapping[str, Any] = with_default(default_factory=dict)


def problems_of(lines: Sequence[Line], *, limit_bp: int, delivery_on: date | None, today: date) -> list[Problem]:
    """Everything that keeps these lines from being ordered; empty where they may be.

    `limit_bp` is the highest discount of whoever sells, `today` the company's day. Delivery may be open (None).
    """
    problems = []
    if not lines:
        problems.append(Problem("lines", "no_lines"))
    if len(lines) > MAX_LINES:
        problems.append(Problem("lines", "too_many_lines", {"most": MAX_LINES, "count": len(lines)}))
    for index, line in enumerate(lines[:MAX_LINES]):
        problems += _line_problems(f"lines-{index}", line, limit_bp)
    if not problems and sum(line.quantity * line.unit_price * (WHOLE_BP + line.tax_bp) for line in lines) > (
        MAX_MINOR * WHOLE_BP
    ):
        problems.append(Problem("lines", "total_too_large"))
    return problems + days_problems(delivery_on, None, today)


def days_problems(delivery_on: date | None, valid_until: date | None, today: date) -> list[Problem]:
    """What is wrong with the days of a sale; None is fine for both. `today` is the company's day."""
    problems = []
    if delivery_on is not None and delivery_on < today:
        problems.append(Problem("delivery_on", "delivery_in_past"))
    elif delivery_on is not None and delivery_on > today + FURTHEST_DELIVERY:
        problems.append(Problem("delivery_on", "delivery_too_far"))
    if valid_until is not None and not today <= valid_until <= today + LONGEST_QUOTE:
        problems.append(Problem("valid_until", "validity_out_of_range"))
    return problems


def _line_problems(prefix: str, line: Line, limit_bp: int) -> Iterable[Problem]:
    if not MIN_QUANTITY <= line.quantity <= MAX_QUANTITY:
        yield Problem(f"{prefix}-quantity", "quantity_out_of_range", {"least": MIN_QUANTITY, "most": MAX_QUANTITY})
    if not 0 <= line.unit_price <= MAX_MINOR:
        yield Problem(f"{prefix}-unit_price", "price_out_of_range")
    if not 0 <= line.discount_bp <= WHOLE_BP:
        yield Problem(f"{prefix}-discount", "discount_out_of_range", {"least": 0, "most": 100})
    elif not may_discount(limit_bp, line.discount_bp):
        yield Problem(f"{prefix}-discount", "discount_over_limit", {"limit": percent(limit_bp)})
    if not 0 <= line.tax_bp <= WHOLE_BP:
        yield Problem(f"{prefix}-tax", "tax_out_of_range", {"least": 0, "most": 100})


def may_discount(limit_bp: int, discount_bp: int) -> bool:
    """Whether someone with this limit may give this discount on a line (both in basis points)."""
    return 0 <= discount_bp <= min(limit_bp, WHOLE_BP)


def quote_expired(valid_until: date | None, today: date) -> bool:
    """Whether a quote no longer binds: the day after the last day it is valid. Without that day it never expires."""
    return valid_until is not None and valid_until < today


def percent(basis_points: int) -> str:
    """Basis points for a reader or a form field, without a sign: 1300 -> '13', 1250 -> '12.5', 5 -> '0.05'."""
    whole, rest = divmod(abs(basis_points), 100)
    text = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
    return f"-{text}" if basis_points < 0 else text


# --- How far is it? --------------------------------------------------------------------------------------------------


class OrderState(StrEnum):
    """An order is placed by the rep, approved by the back office, or cancelled at any time."""

    PLACED = "placed"
    APPROVED = "approved"
    CANCELLED = "cancelled"


class QuoteState(StrEnum):
    """A quote stands open until it is ordered, withdrawn, or its last day is over."""

    OPEN = "open"
    EXPIRED = "expired"
    ORDERED = "ordered"
    WITHDRAWN = "withdrawn"


# State -> its name (msgid) and the tone of its badge.
ORDER_STATES = {
    OrderState.PLACED: (N_("Placed"), "accent"),
    OrderState.APPROVED: (N_("Approved"), "ok"),
    OrderState.CANCELLED: (N_("Cancelled"), "bad"),
}
QUOTE_STATES = {
    QuoteState.OPEN: (N_("Open quote"), "accent"),
    QuoteState.ORDERED: (N_("Ordered"), "ok"),
    QuoteState.EXPIRED: (N_("Expired"), "warn"),
    QuoteState.WITHDRAWN: (N_("Withdrawn"), "bad"),
}


def order_state(approved: bool, cancelled: bool) -> OrderState:
    """The state of an order, from the facts that there are about it."""
    if cancelled:
        return OrderState.CANCELLED
    return OrderState.APPROVED if approved else OrderState.PLACED


def quote_state(ordered: bool, withdrawn: bool, valid_until: date, today: date) -> QuoteState:
    """The state of a quote on that day of the company."""
    if ordered:
        return QuoteState.ORDERED
    if withdrawn:
        return QuoteState.WITHDRAWN
    return QuoteState.EXPIRED if quote_expired(valid_until, today) else QuoteState.OPEN


# --- Which ones? -----------------------------------------------------------------------------------------------------

LONGEST_SEARCH = 100
STANDING = "standing"  # an order that was not cancelled, approved or not
_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class SaleFilters:
    """Which quotes or orders a list shows; the same words stand in addresses (`read` and `args`).

    `q`: part of the number, or words of the customer. `state`: a value of OrderState or QuoteState, of orders also
    STANDING, '' for all. `first` to `last`: the company's days, both included, None where open. `rep` or `team`
    (with the teams below). `is_ours`: only what was sold by people whom one sees, not what others sold to one's
    customers. `at_visit`: only what was agreed at a visit. `currency`: ISO 4217, '' for all.
    """

    q: str = ""
    state: str = ""
    rep: UUID | None = None
    team: UUID | None = None
    first: date | None = None
    last: date | None = None
    is_ours: bool = False
    at_visit: bool = False
    currency: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str], states: Iterable[str]) -> "SaleFilters":
        """From the arguments of an address; nonsense counts as not said."""
        state, currency = args.get("state", ""), args.get("currency", "")
        q = " ".join(args.get("q", "").replace("\0", "").split())[:LONGEST_SEARCH]
        return cls(
            q, state if state in set(states) else "", parse_id(args.get("rep")), parse_id(args.get("team")),
            _day(args.get("from")), _day(args.get("to")), args.get("by") == "us", args.get("at") == "visit",
            currency if _CURRENCY.fullmatch(currency) else "",
        )  # fmt: skip

    @property
    def is_counted(self) -> bool:
        """Whether a list of these says what they amount to: where a period or people were chosen."""
        return bool(self.first or self.last or self.rep or self.team or self.is_ours)

    def args(self, **changes: Any) -> dict[str, str]:
        """The arguments of the address that asks for these, some changed; what says nothing is left out."""
        other = replace(self, **changes)
        said = {
            "q": other.q, "state": other.state, "rep": other.rep, "team": other.team, "from": other.first,
            "to": other.last, "by": "us" if other.is_ours else "", "at": "visit" if other.at_visit else "",
            "currency": other.currency,
        }  # fmt: skip
        return {name: str(value) for name, value in said.items() if value}


def _day(text: str | None) -> date | None:
    """The day in an address; None for nonsense, and for the ends of the calendar, which have no day before or after."""
    day = read_day(text, date.min)
    return None if day == date.min else day
