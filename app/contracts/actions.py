"""Making, printing and voiding contracts. Each action may be called twice with the same ids: once is what happens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.contracts.events import ContractMade, ContractPrinted, ContractVoided
from app.contracts.models import Contract, Printing, Voidance
from app.contracts.queries import find_contract, find_latest, get_contract, list_chosen
from app.contracts.rules import LONGEST_REASON, MOST_PRINTED, ContractState, number_of, series_of
from app.documents.actions import request_batch, request_document
from app.documents.models import Document
from app.identity.permissions import P
from app.identity.queries import get_company
from app.infra.db import TryAgainError, db
from app.infra.journal import record
from app.infra.numbers import next_number
from app.kernel.access import Actor, must
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.i18n import LANGUAGES, N_
from app.kernel.ids import new_id
from app.sales.queries import get_order_head
from app.sales.rules import OrderState

KIND = "contract"  # of its document


def make_contract(actor: Actor, contract_id: UUID, order_id: UUID, language: str | None, now: datetime) -> Contract:
    """Make the contract of an order: number, date, and the wish for its PDF. `language` None: the order's.

    An order has one contract that stands: it is returned where there is one. InvalidError for a cancelled order.
    """
    must(actor, P.CONTRACTS_MAKE)
    head = get_order_head(actor, order_id)
    known = find_contract(contract_id)
    if known is not None and known.order_id != order_id:
        raise NotFoundError
    latest, stands = find_latest(order_id)
    if known is not None or (latest is not None and stands):
        return known or latest  # type: ignore[return-value] # one of them is there
    if head.state is OrderState.CANCELLED:
        raise InvalidError("", N_("This order is cancelled."))
    if language is not None and language not in LANGUAGES:
        raise InvalidError("language", N_("Not a valid choice."))
    day = today_in(get_company().zone, now)
    number = number_of(day, next_number(series_of(day)))
    language = language or head.order.language
    document = request_document(actor, new_id(), KIND, contract_id, f"{number} {head.account}", language, now)
    contract = Contract(
        id=contract_id,
        order_id=order_id,
        edition=latest.edition + 1 if latest else 1,
        number=number,
        language=language,
        dated_on=day,
        made_at=now,
        person_id=actor.person_id,
        document_id=document.id,
    )
    db.session.add(contract)
    try:
        db.session.flush()
    except IntegrityError as error:  # somebody makes it in this very moment: run again, and find theirs
        raise TryAgainError from error
    record(actor, ContractMade(contract_id, number=number, order_id=order_id), now)
    return contract


def print_contracts(actor: Actor, document_id: UUID, ids: Sequence[UUID], title: str, now: datetime) -> Document:
    """Print these contracts as one PDF, in this order, and note of each that it was printed.

    InvalidError for none, for too many, and for a void one; NotFoundError where the actor does not see one of them.
    """
    must(actor, P.CONTRACTS_PRINT)
    lines = list_chosen(actor, ids)
    if len(lines) > MOST_PRINTED:
        raise InvalidError("", N_("At most %(most)s contracts can become one PDF."), {"most": MOST_PRINTED})
    if not lines:
        raise InvalidError("", N_("Select at least one contract."))
    known = db.session.get(Document, document_id)
    if known is None:
        for line in lines:
            if line.state is ContractState.VOID:
                raise InvalidError("", N_("%(number)s is void."), {"number": line.row.number})
    parts = [line.row.document_id for line in lines]
    document = request_batch(actor, document_id, parts, title, actor.language, now)
    if known is None:
        for line in lines:
            _note_printing(actor, line.row.id, document_id, now)
        db.session.flush()
    return document


def void_contract(actor: Actor, contract_id: UUID, reason: str, now: datetime) -> Voidance:
    """Say that a contract does not stand, and why: its number stays used, and the order may get another contract.

    Whoever makes contracts may, until the back office has printed it; then only the back office.
    """
    must(actor, P.CONTRACTS_MAKE)
    line = get_contract(actor, contract_id)
    known = db.session.get(Voidance, contract_id)
    if known is not None:
        return known
    if line.state is ContractState.PRINTED and not actor.may(P.CONTRACTS_PRINT):
        raise InvalidError("", N_("This contract is printed: ask the back office to void it."))
    reason = reason.strip()
    if not reason:
        raise InvalidError("reason", N_("Please give a reason."))
    if len(reason) > LONGEST_REASON:
        raise InvalidError("reason", N_("That is too long: at most %(number)s characters."), {"number": LONGEST_REASON})
    voidance = Voidance(contract_id=contract_id, at=now, person_id=actor.person_id, reason=reason)
    db.session.add(voidance)
    db.session.flush()
    record(actor, ContractVoided(contract_id, reason=reason), now)
    return voidance


def _note_printing(actor: Actor, contract_id: UUID, document_id: UUID, now: datetime) -> None:
    db.session.add(
        Printing(id=new_id(), contract_id=contract_id, document_id=document_id, at=now, person_id=actor.person_id)
    )
    record(actor, ContractPrinted(contract_id, document_id=document_id), now)
