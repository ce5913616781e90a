"""What sales plugs into engines: the quote as a document."""

from uuid import UUID

from flask import current_app, url_for

from app.documents.plugs import picture_of
from app.documents.ports import Renderer
from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.money import Money, format_number
from app.sales.queries import quote_for_document, quote_visible
from app.sales.rules import percent

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
