"""A product, a price list, the prices of a list, and the list of an account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField
from wtforms.validators import Optional

from app.catalogue.actions import PriceInput, PriceListInput, ProductInput
from app.catalogue.rules import LONGEST_BARCODE, LONGEST_CODE
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.kernel.money import REASONS, Money, MoneyError, parse_money, plain_amount
from app.kernel.rates import parse_rate, rate_text
from app.web.currencies import currency_choices
from app.web.form import SHORT, Form, line, required, translated

MOST_PRICES = 500  # in one post; a page shows 50


class ProductForm(Form):
    code = line(_l("Code"), required, longest=LONGEST_CODE)
    name = line(_l("Name"), required)
    name_zh_hans = line(_l("Name in simplified Chinese"))
    name_zh_hant = line(_l("Name in traditional Chinese"))
    category = line(_l("Category"), longest=SHORT)
    unit = line(_l("Unit"), longest=SHORT)
    tax_rate = line(_l("Tax rate"), required)
    barcode = line(_l("Barcode"), longest=2 * LONGEST_BARCODE)

    @classmethod
    def of(cls, product: Any) -> "ProductForm":
        """Filled in with what the product (a row of it) is now."""
        names = ("code", "name", "name_zh_hans", "name_zh_hant", "category", "unit", "barcode")
        now = {name: getattr(product, name) for name in names}
        return cls(tax_rate=rate_text(product.tax_rate), **now)

    def to_input(self) -> ProductInput:
        """InvalidError where the tax is no percentage."""
        values: dict[str, Any] = {name: value or "" for name, value in self.data.items()}
        return ProductInput(**{**values, "tax_rate": parse_rate(values["tax_rate"], "tax_rate")})


class PriceListForm(Form):
    name = line(_l("Name"), required, longest=SHORT)
    currency = SelectField(_l("Currency"), choices=currency_choices)
    tax_included = BooleanField(_l("The prices include tax"))
    tax_rate = line(_l("Tax rate of this list"))
    standard = BooleanField(_l("Standard list of this currency"))
    valid_from = DateField(_l("Valid from"), [Optional()])
    valid_until = DateField(_l("Valid until"), [Optional()])

    @classmethod
    def of(cls, price_list: Any) -> "PriceListForm":
        """Filled in with what the list is now."""
        names = ("name", "currency", "tax_included", "standard", "valid_from", "valid_until")
        rate = "" if price_list.tax_rate is None else rate_text(price_list.tax_rate)
        return cls(tax_rate=rate, **{name: getattr(price_list, name) for name in names})

    def to_input(self) -> PriceListInput:
        """InvalidError where the tax is no percentage."""
        rate = parse_rate(self.tax_rate.data, "tax_rate") if self.tax_rate.data else None
        return PriceListInput(**{**self.data, "name": self.name.data or "", "tax_rate": rate})


class AssignmentForm(Form):
    """The choices are the list ids as text; '' is the standard list."""

    price_list_id = SelectField(_l("Price list"))

    def to_input(self) -> UUID | None:
        return parse_id(self.price_list_id.data)


@dataclass(frozen=True, slots=True)
class PriceField:
    """One price of the table page: what was shown (minor units), what is in the field, and what is wrong with it."""

    shown: int | None
    text: str
    error: str = ""


class PricesForm:
    """The prices of one page of a list. A product's fields are price-<id> (what is typed) and shown-<id>.

    An empty field is no price. `fields` holds what was posted, by product; `errors` is true where one is wrong.
    """

    def __init__(self, posted: Mapping[str, str], currency: str) -> None:
        self.currency = currency
        self.fields: dict[UUID, PriceField] = {}
        self._amounts: dict[UUID, int | None] = {}
        for product_id, typed, shown in _posted(posted):
            amount, error = self._read(typed)
            self.fields[product_id] = PriceField(shown, typed, error)
            self._amounts[product_id] = amount

    @property
    def errors(self) -> bool:
        return any(field.error for field in self.fields.values())

    def to_input(self) -> list[PriceInput]:
        """InvalidError for more prices than any page of ours shows."""
        if len(self.fields) > MOST_PRICES:
            raise InvalidError("", N_("That is too large"))
        return [PriceInput(key, field.shown, self._amounts[key]) for key, field in self.fields.items()]

    def refuse(self, current: Mapping[UUID, int | None]) -> None:
        """Tell at each of these products what its price is now; saving once more then overwrites it."""
        for product_id, amount in current.items():
            text = translated(N_("Somebody changed this meanwhile to: %(price)s")) % {
                "price": self.text_of(amount) or "—"
            }
            self.fields[product_id] = PriceField(amount, self.fields[product_id].text, text)

    def text_of(self, amount: int | None) -> str:
        """An amount as a field shows it."""
        return "" if amount is None else plain_amount(Money(amount, self.currency))

    def _read(self, typed: str) -> tuple[int | None, str]:
        if not typed:
            return None, ""
        try:
            return parse_money(typed, self.currency).minor, ""
        except MoneyError as error:
            return None, translated(REASONS[error.reason]) % error.params


def _posted(posted: Mapping[str, str]) -> Iterator[tuple[UUID, str, int | None]]:
    for name, typed in posted.items():
        product_id = parse_id(name.removeprefix("price-")) if name.startswith("price-") else None
        if product_id is not None:
            shown = posted.get(f"shown-{product_id}", "")
            is_amount = shown.isascii() and shown.isdigit() and len(shown) < 20
            yield product_id, typed.strip(), int(shown) if is_amount else None
