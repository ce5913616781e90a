"""What a basket costs an account now. Quotes, orders and the review before them are made from the same offer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Account
from app.accounts.queries import get_account, is_archived
from app.catalogue.models import Product
from app.catalogue.queries import PricedProduct, name_in, price_list_for, priced
from app.identity.queries import get_company
from app.infra.db import db
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.i18n import N_
from app.sales.rules import (
    QUOTE_DAYS,
    REASONS,
    Line,
    LineInput,
    OrderInput,
    PricedLine,
    Pricing,
    Problem,
    days_problems,
    price,
    problems_of,
)
from app.visits.queries import find_visit

GONE = N_("No longer sold to this customer: %(names)s.")


@dataclass(frozen=True, slots=True)
class OfferLine:
    """A line with its product (named in the document's language) and its amounts in minor units. `was`: the unit price
    that had been shown, where the price list has another one now."""

    given: LineInput
    product: PricedProduct
    amounts: PricedLine
    was: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A basket with everything that will stand on paper, and what keeps it from being ordered.

    `today` and `valid_until` are days of the company. `gone`: what is not sold to this account any more (names);
    those products are not among `lines`. A problem's field 'lines-2-quantity' counts `lines`.
    """

    account: Account
    visit_id: UUID | None
    price_list_id: UUID
    today: date
    valid_until: date
    lines: tuple[OfferLine, ...]
    pricing: Pricing
    gone: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def has_changed(self) -> bool:
        """Whether it differs from what was shown: other prices, or fewer products."""
        return bool(self.gone) or any(line.was is not None for line in self.lines)

    def check(self) -> None:
        """Refuse (InvalidError) what cannot be ordered as it was shown; the first reason."""
        if self.gone:
            raise InvalidError("lines", GONE, {"names": ", ".join(self.gone)})
        for problem in self.problems:
            raise InvalidError(problem.field, REASONS[problem.reason], problem.params)
        if self.has_changed:
            raise InvalidError("lines", N_("Prices have changed. Look at the new ones, then order again."))


def make_offer(actor: Actor, account_id: UUID, given: OrderInput, now: datetime) -> Offer:
    """Price a basket by the account's price list of today, in the language of the account's documents.

    NotFoundError for an account or a visit that the actor may not see; InvalidError where no price list applies or
    the account is archived. A visit that was taken out of the plan since is left out.
    """
    today = today_in(get_company().zone, now)
    price_list = price_list_for(actor, account_id, today)
    account = get_account(actor, account_id)
    if is_archived(account, now):
        raise InvalidError("", N_("This customer is archived. Bring it back first."))
    visit = find_visit(actor, given.visit_id) if given.visit_id is not None else None
    if visit is not None and visit.account_id != account_id:
        raise NotFoundError
    wanted = {line.product_id for line in given.lines}
    products = priced(price_list.id, wanted, account.language)
    sold = [line for line in given.lines if line.product_id in products]
    lines = [
        Line(line.product_id, line.quantity, product.amount, line.discount_bp, product.tax_rate)
        for line in sold
        for product in (products[line.product_id],)
    ]
    problems = problems_of(
        lines, limit_bp=actor.discount_limit, delivery_on=given.delivery_on, today=today
    ) + days_problems(None, given.valid_until, today)
    pricing = price(lines, price_list.currency, prices_include_tax=price_list.tax_included)
    return Offer(
        account=account,
        visit_id=visit.id if visit else None,
        price_list_id=price_list.id,
        today=today,
        valid_until=given.valid_until or today + QUOTE_DAYS,
        lines=tuple(
            OfferLine(line, products[line.product_id], amounts, _was(line, products[line.product_id]))
            for line, amounts in zip(sold, pricing.lines, strict=True)
        ),
        pricing=pricing,
        gone=names_of(wanted - products.keys(), account.language),
        problems=tuple(problems),
    )


def _was(line: LineInput, product: PricedProduct) -> int | None:
    return line.seen_price if line.seen_price is not None and line.seen_price != product.amount else None


def names_of(product_ids: Collection[UUID], language: str) -> tuple[str, ...]:
    """Names of products that cannot be had, in the language of the document; an id that was never one is '?'."""
    if not product_ids:
        return ()
    found = db.session.scalars(
        select(name_in(language)).where(Product.id.in_(sorted(product_ids))).order_by(Product.name)
    ).all()
    return (*found, *("?" for _ in range(len(product_ids) - len(found))))
