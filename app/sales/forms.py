"""What a rep fills in to sell: the basket, and everything around it."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Optional

from app.kernel.errors import InvalidError
from app.kernel.ids import parse_id
from app.kernel.rates import parse_rate
from app.sales.rules import REASONS, LineInput, OrderInput, Problem, percent
from app.web.form import SHORT, Form, IdField, line, required, strip, text

_TOO_MANY = 10**9  # stands for any longer number: the rule then says what is possible


@dataclass
class BasketLine:
    """A product in the basket as somebody typed it. `seen`: the unit price that the page showed, in minor units;
    `errors`: 'quantity' or 'discount' -> what is wrong with it, in the reader's language."""

    product_id: UUID
    quantity: str
    discount: str = ""
    seen: int | None = None
    errors: dict[str, str] = field(default_factory=dict)


class Basket:
    """The products of the form, in its order: fields quantity-<id>, discount-<id> and price-<id>.

    An empty quantity or 0 is not in it. What was typed stays as it was, right or wrong.
    """

    def __init__(self, lines: Iterable[BasketLine] = ()) -> None:
        self.lines = {line.product_id: line for line in lines}

    @classmethod
    def read(cls, posted: MultiDict[str, str]) -> "Basket":
        """The basket of a posted form. Of two fields for one product (a page shown without its script) the first that
        says something counts."""
        found: dict[UUID, BasketLine] = {}
        for name in posted:
            product_id = parse_id(name.removeprefix("quantity-")) if name.startswith("quantity-") else None
            quantity = next((typed.strip() for typed in posted.getlist(name) if typed.strip() not in ("", "0")), "")
            if product_id is not None and quantity:
                discount = next(
                    (typed.strip() for typed in posted.getlist(f"discount-{product_id}") if typed.strip()), ""
                )
                found[product_id] = BasketLine(
                    product_id, quantity[:40], discount[:40], _amount(posted.get(f"price-{product_id}", ""))
                )
        return cls(found.values())

    @classmethod
    def of(cls, lines: Iterable[LineInput]) -> "Basket":
        """A basket that is filled already, at today's prices."""
        return cls(
            BasketLine(line.product_id, str(line.quantity), percent(line.discount_bp) if line.discount_bp else "")
            for line in lines
        )

    def to_lines(self) -> tuple[LineInput, ...]:
        """What the action takes. A line that cannot be read gets its error, and `is_readable` is false."""
        read = []
        for each in self.lines.values():
            quantity, discount = _whole(each.quantity), 0
            if quantity is None:
                each.errors["quantity"] = gettext("Write a whole number.")
            if each.discount:
                try:
                    discount = parse_rate(each.discount, "discount")
                except InvalidError as error:
                    each.errors["discount"] = gettext(error.reason)
            read.append(LineInput(each.product_id, quantity or 0, discount, each.seen))
        return tuple(read)

    @property
    def is_readable(self) -> bool:
        """Whether no line has an error."""
        return not any(each.errors for each in self.lines.values())


class SaleForm(Form):
    """Around the basket. `place` offers the account's addresses; another one is written into `delivery_place`."""

    sale_id = IdField(_l("Order"), [InputRequired()])
    visit_id = IdField(_l("Visit"), [Optional()])
    delivery_on = DateField(_l("Delivery date"), [Optional()])
    place = SelectField(_l("Delivery place"), [Optional()], filters=[strip], validate_choice=False)
    delivery_place = line(_l("Another delivery address"))
    customer_reference = line(_l("Customer's own reference"), longest=SHORT)
    valid_until = DateField(_l("Quote valid until"), [Optional()])
    note = text(_l("Note"))

    def offer_places(self, addresses: Sequence[tuple[str, str]]) -> None:
        """(address, label) of the account's places; a place that is none of them is shown as another address."""
        self.place.choices = [("", gettext("To be agreed")), *addresses]
        known = {address for address, _ in addresses}
        written = self.delivery_place.data or ""
        if written in known:
            self.place.data, self.delivery_place.data = written, ""
        elif self.place.data not in known:
            self.delivery_place.data, self.place.data = written or self.place.data or "", ""

    def to_input(self, lines: tuple[LineInput, ...]) -> OrderInput:
        """What the actions take."""
        return OrderInput(
            lines,
            self.delivery_on.data,
            self.delivery_place.data or (self.place.data or "")[:200],
            self.customer_reference.data or "",
            self.note.data or "",
            self.visit_id.data,
            self.valid_until.data,
        )

    def tell(self, problems: Iterable[Problem], product_ids: Sequence[UUID], basket: Basket) -> None:
        """Show what rules say: at the line, at the field, or above the form. `product_ids`: of the counted lines."""
        for problem in problems:
            area, _, rest = problem.field.partition("-")
            if area == "lines" and rest:
                index, _, what = rest.partition("-")
                errors = basket.lines[product_ids[int(index)]].errors
                what = what if what in ("quantity", "discount") else "quantity"
                errors.setdefault(what, gettext(REASONS[problem.reason], **problem.params))
            else:
                self.refuse(InvalidError(problem.field, REASONS[problem.reason], problem.params))


class ReasonForm(Form):
    """Why an order is cancelled or a quote withdrawn."""

    reason = line(_l("Reason"), required)


class OrderQuoteForm(Form):
    """What is still open when a quote becomes an order."""

    order_id = IdField(_l("Order"), [InputRequired()])
    delivery_on = DateField(_l("Delivery date"), [Optional()])
    customer_reference = line(_l("Customer's own reference"), longest=SHORT)


def _whole(typed: str) -> int | None:
    """A whole number as a person types it ('3', '３', '-2'), None for anything else."""
    plain = unicodedata.normalize("NFKC", typed).replace("\N{MINUS SIGN}", "-")
    digits = plain.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(digits) if len(digits) < 10 else _TOO_MANY
    return -number if plain.startswith("-") else number


def _amount(posted: str) -> int | None:
    return int(posted) if posted.isascii() and posted.isdigit() and len(posted) < 17 else None
