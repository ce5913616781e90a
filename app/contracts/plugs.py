"""How a contract is printed: plugged into the engine of documents."""

from uuid import UUID

from flask import current_app, url_for

from app.contracts.actions import KIND
from app.contracts.queries import ContractOnPaper, contract_for_document, contract_visible
from app.contracts.rules import capitals_of
from app.documents.plugs import picture_of
from app.documents.ports import Renderer
from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.money import Money, format_money, format_number
from app.sales.queries import SaleOnPaper, order_for_document
from app.sales.rules import percent


def contract_html(contract_id: UUID, language: str) -> str:
    """The whole page of a contract."""
    contract = contract_for_document(contract_id)
    return page_of(contract, order_for_document(contract.order_id), language)


def page_of(contract: ContractOnPaper, sale: SaleOnPaper, language: str) -> str:
    """The page of a contract with that order: templates/contracts/contract.<language>.html."""
    seller = get_company()
    template = current_app.jinja_env.get_template(f"contracts/contract.{language}.html")
    return template.render(
        contract=contract,
        sale=sale,
        seller=seller,
        logo=picture_of(seller.logo),
        title=contract.number,
        author=seller.legal_name or seller.name,
        language=language,
        dated=contract.dated_on.isoformat(),
        money=lambda minor: format_money(Money(minor, sale.currency), language),
        amount=lambda minor: format_number(Money(minor, sale.currency)),
        percent=percent,
        capitals=capitals_of(sale.gross, sale.currency, traditional=language == "zh_Hant"),
    )


def _address(contract_id: UUID | None) -> str:
    if contract_id is None:
        return url_for("contracts.contract_index")
    return url_for("contracts.contract_show", contract_id=contract_id)


CONTRACT = Renderer(KIND, contract_html, P.CONTRACTS_READ, contract_visible, _address)
