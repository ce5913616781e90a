"""The office's contracts, one contract, and the button that makes one from an order."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, flash, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.contracts.actions import make_contract, print_contracts, void_contract
from app.contracts.forms import ContractForm, VoidForm
from app.contracts.queries import count_states, get_contract, list_contracts, list_ids, list_of_order
from app.contracts.rules import MOST_PRINTED, STATE_NAMES, TONES, ContractFilters, ContractState
from app.documents.plugs import renderers
from app.documents.queries import get_document
from app.identity.permissions import P
from app.kernel.errors import InvalidError
from app.kernel.ids import new_id, parse_id
from app.kernel.page import page_number
from app.sales.queries import get_order
from app.web.actor import current_actor
from app.web.form import SHORT, strip
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("contracts", __name__)


@blueprint.get("/contracts")
@needs(P.CONTRACTS_READ)
def contract_index() -> Response:
    return _index()


@blueprint.post("/contracts/printings")
@needs(P.CONTRACTS_PRINT)
def printing_create() -> Response:
    """Print the ticked contracts, or (scope=all) all that the filters leave, as one PDF."""
    actor, now = current_actor(), datetime.now(UTC)
    everything = request.form.get("scope") == "all"
    chosen = [each for each in map(parse_id, request.form.getlist("contract")) if each]
    try:
        ids = list_ids(actor, _filters(), MOST_PRINTED + 1) if everything else chosen
        title = _("Contracts %(day)s", day=format_date(now, "yyyy-MM-dd"))
        document = print_contracts(actor, parse_id(request.form.get("document_id")) or new_id(), ids, title, now)
    except InvalidError as error:
        return _index(error, {str(each) for each in chosen})
    return goto(url_for("documents.document_show", document_id=document.id))


@blueprint.get("/contracts/<uuid:contract_id>")
@needs(P.CONTRACTS_READ)
def contract_show(contract_id: UUID) -> Response:
    return _show(contract_id, VoidForm())


@blueprint.post("/contracts/<uuid:contract_id>/voidance")
@needs(P.CONTRACTS_MAKE)
def voidance_create(contract_id: UUID) -> Response:
    form = VoidForm(request.form)
    get_contract(current_actor(), contract_id)
    if form.validate():
        try:
            void_contract(current_actor(), contract_id, form.reason.data or "", datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The contract is void. Its number stays used."), "success")
            return goto(url_for("contracts.contract_show", contract_id=contract_id))
    return _show(contract_id, form, 422)


@blueprint.get("/orders/<uuid:order_id>/contract")
@needs(P.CONTRACTS_MAKE)
def contract_new(order_id: UUID) -> Response:
    order = get_order(current_actor(), order_id)
    return _new(order_id, ContractForm(contract_id=new_id(), language=order.language))


@blueprint.post("/orders/<uuid:order_id>/contract")
@needs(P.CONTRACTS_MAKE)
def contract_create(order_id: UUID) -> Response:
    """Make the order's contract; where one stands already, show that."""
    form, actor = ContractForm(request.form), current_actor()
    get_order(actor, order_id)
    if form.validate():
        try:
            contract = make_contract(
                actor, form.contract_id.data or new_id(), order_id, form.language.data, datetime.now(UTC)
            )
        except InvalidError as error:
            form.refuse(error)
        else:
            return goto(url_for("contracts.contract_show", contract_id=contract.id))
    return _new(order_id, form, 422)


def _index(error: InvalidError | None = None, ticked: set[str] | None = None) -> Response:
    actor, values = current_actor(), request.values
    filters = _filters()
    found = list_contracts(actor, filters, page_number(values.get("page")))
    whole_page = values.get("select") == "page"
    return page(
        "contracts/index.html",
        "contract_list",
        status=422 if error else 200,
        filters=filters,
        pages=found,
        counts=count_states(actor),
        names=STATE_NAMES,
        tones=TONES,
        states=ContractState,
        may_print=actor.may(P.CONTRACTS_PRINT),
        ticked={str(line.row.id) for line in found.rows} if whole_page else ticked or set(),
        whole_page=whole_page,
        document_id=new_id(),
        problem=_(error.reason, **(error.params or {})) if error else "",
    )


def _filters() -> ContractFilters:
    """What the address (or, when printing, the form) narrows the list to."""
    state = request.values.get("state", "")
    known = ContractState(state) if state in set(ContractState) else None
    return ContractFilters((strip(request.values.get("q")) or "")[:SHORT], known)


def _show(contract_id: UUID, form: VoidForm, status: int = 200) -> Response:
    actor = current_actor()
    line = get_contract(actor, contract_id)
    others = [each for each in list_of_order(actor, line.row.order_id) if each.row.id != contract_id]
    may_void = actor.may(P.CONTRACTS_MAKE) and (line.state is not ContractState.PRINTED or actor.may(P.CONTRACTS_PRINT))
    return page(
        "contracts/show.html",
        status=status,
        line=line,
        others=others,
        names=STATE_NAMES,
        tones=TONES,
        form=form,
        void=line.state is ContractState.VOID,
        may_void=may_void,
        may_print=actor.may(P.CONTRACTS_PRINT),
        document_id=new_id(),
        document=get_document(actor, line.row.document_id, renderers()),
    )


def _new(order_id: UUID, form: ContractForm, status: int = 200) -> Response:
    return page("contracts/new.html", status=status, order=get_order(current_actor(), order_id), form=form)
