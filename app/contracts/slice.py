"""Contracts: an order put into words, numbered without gaps, printed and voided."""

from typing import Any
from uuid import UUID

from app.contracts import plugs, views
from app.contracts.forms import ContractForm
from app.contracts.queries import list_of_account, list_of_order
from app.contracts.rules import STATE_NAMES, TONES, ContractState
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.sales.queries import get_order_head
from app.sales.rules import OrderState
from app.web.slice import MenuItem, Panel, Slice


def _of_order(actor: Actor, order_id: UUID) -> dict[str, Any] | None:
    head = get_order_head(actor, order_id)
    lines = list_of_order(actor, order_id)
    stands = any(line.state is not ContractState.VOID for line in lines)
    may_make = actor.may(P.CONTRACTS_MAKE) and not stands and head.state is not OrderState.CANCELLED
    if not lines and not may_make:
        return None
    form = ContractForm(contract_id=new_id(), language=head.order.language)
    return {"lines": lines, "names": STATE_NAMES, "tones": TONES, "form": form if may_make else None, "id": order_id}


def _of_account(actor: Actor, account_id: UUID) -> dict[str, Any] | None:
    lines = list_of_account(actor, account_id)
    return {"lines": lines, "names": STATE_NAMES, "tones": TONES} if lines else None


SLICE = Slice(
    name="contracts",
    blueprints=(views.blueprint,),
    menu=(
        MenuItem(
            N_("Contracts"), "contracts.contract_index", "contract", P.CONTRACTS_READ, "more", N_("Sales"), 52, home=3
        ),
    ),
    panels=(
        Panel("order", 10, P.CONTRACTS_READ, "contracts/panel_order.html", _of_order),
        Panel("account", 40, P.CONTRACTS_READ, "contracts/panel_account.html", _of_account),
    ),
    plugs=(plugs.CONTRACT,),
)
