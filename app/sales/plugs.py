"""What sales plugs into engines: the quote as a document, and the figures of the orders."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from flask import current_app, url_for

from app.accounts.ports import OpenBusiness
from app.dashboards.ports import Measure
from app.dashboards.rules import Fact, Figure, Period, Unit, priced
from app.documents.plugs import picture_of
from app.documents.ports import Renderer
from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.access import Actor
from app.kernel.i18n import N_
from app.kernel.money import Money, format_number
from app.sales.queries import count_sold, find_open_quotes, quote_for_document, quote_visible
from app.sales.rules import STANDING, percent

QUOTE = "quote"  # the kind of document


def quote_html(quote_id: UUID, language: str) -> str:
    """The quote on paper, in the language of the document."""
    quote, company = quote_for_document(quote_id), get_company()
    template = current_app.jinja_env.get_template("sales/quote_pdf.html")  # no request here, so none of its context
    return template.render(
        sale=quote,
        company=company,
        logo=picture_of(company.logo),
        title=quote.number,
        author=company.legal_name or company.name,
        language=language,
        dated=quote.dated_on.isoformat(),
        amount=lambda minor: format_number(Money(minor, quote.currency)),
        percent=percent,
    )


def _address(quote_id: UUID | None) -> str:
    return url_for("sales.quote_index") if quote_id is None else url_for("sales.quote_show", sale_id=quote_id)


RENDERERS = (Renderer(QUOTE, quote_html, P.SALES_READ, quote_visible, _address),)


def load_orders(actor: Actor, period: Period, _now: datetime) -> Iterator[Fact]:
    """The numbers of the orders of a period and of the one before, by rep and day of the company. Numbers: orders,
    orders_at_visits; value and value_at_visits in each currency, minor units."""
    for row in count_sold(actor, period.before.first, period.last):
        yield Fact(
            row.rep_id, row.dated_on,
            {
                "orders": row.orders, "orders_at_visits": row.at_visits, priced("value", row.currency): row.gross,
                priced("value_at_visits", row.currency): row.gross_at_visits,
            },
        )  # fmt: skip


_STANDING = {"state": STANDING, "by": "us"}
_AT_VISITS = {**_STANDING, "at": "visit"}
ORDERS = Measure(
    key="orders",
    title=N_("Orders"),
    permission=P.SALES_READ,
    load=load_orders,
    path="/orders",
    figures=(
        Figure(
            "orders", N_("Orders"), N_("Orders of the period by the company's calendar, without cancelled ones."),
            opens=_STANDING, is_headline=True,
        ),
        Figure(
            "value", N_("Value"), N_("What these orders come to, with tax; each currency for itself."), Unit.MONEY,
            opens=_STANDING, is_headline=True,
        ),
        Figure(
            "orders_at_visits", N_("At visits"), N_("Those of these orders that were taken at a visit."),
            opens=_AT_VISITS,
        ),
        Figure(
            "value_at_visits", N_("Value at visits"), N_("What the orders taken at visits come to, with tax."),
            Unit.MONEY, opens=_AT_VISITS,
        ),
        Figure(
            "orders_each", N_("Orders per visit"), N_("Orders taken at visits, divided by the visits made."),
            Unit.RATIO, "orders_at_visits", ("made",), _AT_VISITS,
        ),
        Figure(
            "value_each", N_("Value per visit"),
            N_("Value of the orders taken at visits, divided by the visits made; each currency for itself."),
            Unit.MONEY, "value_at_visits", ("made",), _AT_VISITS,
        ),
    ),
)  # fmt: skip


OPEN_QUOTES = OpenBusiness(find_open_quotes)
