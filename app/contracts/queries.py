"""Ways to contracts. A contract is visible to whoever sees its order: by the rep, or the owner of the account.

It is void where somebody said so, or its order is cancelled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, and_, case, exists, func, or_, select

from app.accounts.models import Account
from app.contracts.models import Contract, Printing, Voidance
from app.contracts.rules import ContractFilters, ContractState, state_of
from app.documents.models import Document
from app.identity.models import Person
from app.infra.db import db
from app.infra.queue import Job
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset
from app.kernel.text import search_parts
from app.sales.models import Cancellation, Order

MOST_WORDS = 8
CHUNK = 500  # ids in one statement
_printed = exists().where(Printing.contract_id == Contract.id)
_is_void = or_(Voidance.contract_id.is_not(None), Cancellation.order_id.is_not(None))


@dataclass(frozen=True, slots=True)
class ContractLine:
    """One contract in a list or on its page: its row (columns of `_lines`) and its state."""

    row: Row[Any]
    state: ContractState


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Contract.id,
            Contract.number,
            Contract.language,
            Contract.dated_on,
            Contract.made_at,
            Contract.document_id,
            Contract.order_id,
            Order.number.label("order_number"),
            Order.gross,
            Order.currency,
            Order.account_id,
            Account.name.label("account"),
            Person.name.label("person"),
            Document.digest.is_not(None).label("made"),
            Document.title,
            Job.failure,
            _printed.label("printed"),
            func.coalesce(Voidance.at, Cancellation.at).label("voided_at"),
            func.coalesce(Voidance.reason, Cancellation.reason).label("reason"),
        )
        .join(Order, Order.id == Contract.order_id)
        .join(Account, Account.id == Order.account_id)
        .join(Person, Person.id == Contract.person_id)
        .join(Document, Document.id == Contract.document_id)
        .join(Job, Job.id == Document.job_id)
        .outerjoin(Voidance, Voidance.contract_id == Contract.id)
        .outerjoin(Cancellation, Cancellation.order_id == Contract.order_id)
    )


def _line(row: Row[Any]) -> ContractLine:
    return ContractLine(row, state_of(void=row.voided_at is not None, printed=row.printed, made=row.made))


def _visible(actor: Actor) -> ColumnElement[bool]:
    return belongs_to(actor, Order.rep_id, Account.owner_id)


def _newest(rows: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return rows.order_by(Contract.made_at.desc(), Contract.id.desc())


def get_contract(actor: Actor, contract_id: UUID) -> ContractLine:
    """A contract that the actor sees (NotFoundError)."""
    row = db.session.execute(_lines().where(Contract.id == contract_id, _visible(actor))).one_or_none()
    if row is None:
        raise NotFoundError
    return _line(row)


def contract_visible(actor: Actor, contract_id: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """That the contract with the id in this column is one that the actor sees: for app.documents."""
    found = select(Contract.id).join(Order, Order.id == Contract.order_id).join(Account, Account.id == Order.account_id)
    return found.where(Contract.id == contract_id, _visible(actor)).exists()


def list_contracts(actor: Actor, filters: ContractFilters, number: int) -> Page:
    """Page `number` of the contracts, newest first, as ContractLine; in one statement."""
    rows = _newest(_lines().where(_visible(actor), *_narrowed(filters)))
    found = db.session.execute(rows.limit(PAGE_SIZE + 1).offset(offset(number))).all()
    return Page.of([_line(row) for row in found], number)


def list_ids(actor: Actor, filters: ContractFilters, limit: int) -> Sequence[UUID]:
    """The ids of the newest contracts that the filters leave, without void ones: what is printed as one."""
    rows = (
        select(Contract.id)
        .join(Order, Order.id == Contract.order_id)
        .join(Account, Account.id == Order.account_id)
        .join(Document, Document.id == Contract.document_id)
        .outerjoin(Voidance, Voidance.contract_id == Contract.id)
        .outerjoin(Cancellation, Cancellation.order_id == Contract.order_id)
        .where(_visible(actor), ~_is_void, *_narrowed(filters))
    )
    return db.session.scalars(_newest(rows).limit(limit)).all()


def list_chosen(actor: Actor, ids: Iterable[UUID]) -> list[ContractLine]:
    """These contracts in this order (NotFoundError where the actor sees one of them not)."""
    wanted = list(dict.fromkeys(ids))
    found: dict[UUID, ContractLine] = {}
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        for row in db.session.execute(_lines().where(Contract.id.in_(part), _visible(actor))):
            found[row.id] = _line(row)
    if len(found) != len(wanted):
        raise NotFoundError
    return [found[each] for each in wanted]


def list_of_order(actor: Actor, order_id: UUID) -> list[ContractLine]:
    """All contracts of an order, the latest first: at most one of them stands."""
    rows = _lines().where(Contract.order_id == order_id, _visible(actor)).order_by(Contract.edition.desc())
    return [_line(row) for row in db.session.execute(rows)]


def list_of_account(actor: Actor, account_id: UUID, limit: int = 5) -> list[ContractLine]:
    """The latest contracts of an account."""
    rows = _newest(_lines().where(Order.account_id == account_id, _visible(actor)))
    return [_line(row) for row in db.session.execute(rows.limit(limit))]


def count_states(actor: Actor) -> dict[ContractState, int]:
    """How many contracts the actor sees in each state, in one statement."""
    state = case(
        (_is_void, ContractState.VOID.value),
        (_printed, ContractState.PRINTED.value),
        (Document.digest.is_not(None), ContractState.MADE.value),
        else_=ContractState.WAITING.value,
    ).label("state")
    states = (
        select(state)
        .select_from(Contract)
        .join(Document, Document.id == Contract.document_id)
        .outerjoin(Voidance, Voidance.contract_id == Contract.id)
        .outerjoin(Cancellation, Cancellation.order_id == Contract.order_id)
    )
    if actor.reach is not Reach.ALL:
        states = states.join(Order, Order.id == Contract.order_id).join(Account, Account.id == Order.account_id)
        states = states.where(_visible(actor))
    found = states.subquery()
    counted = db.session.execute(select(found.c.state, func.count()).group_by(found.c.state))
    return dict.fromkeys(ContractState, 0) | {ContractState(name): number for name, number in counted}


@dataclass(frozen=True, slots=True)
class ContractOnPaper:
    """What a contract says beside its order."""

    number: str
    dated_on: date
    order_id: UUID


def contract_for_document(contract_id: UUID) -> ContractOnPaper:
    """A contract for printing; whoever asks has been checked. NotFoundError where there is none."""
    row = db.session.execute(
        select(Contract.number, Contract.dated_on, Contract.order_id).where(Contract.id == contract_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return ContractOnPaper(*row)


def find_contract(contract_id: UUID) -> Contract | None:
    """The contract's own row, whoever sees it."""
    return db.session.get(Contract, contract_id)


def find_latest(order_id: UUID) -> tuple[Contract | None, bool]:
    """The order's latest contract, and whether it stands."""
    row = db.session.execute(
        select(Contract, Voidance.contract_id)
        .outerjoin(Voidance, Voidance.contract_id == Contract.id)
        .where(Contract.order_id == order_id)
        .order_by(Contract.edition.desc())
        .limit(1)
    ).one_or_none()
    return (row[0], row[1] is None) if row else (None, False)


def _narrowed(filters: ContractFilters) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    for word in filters.q.split()[:MOST_WORDS]:
        of_customer = [Account.search.contains(part, autoescape=True) for part in search_parts(word)]
        clauses.append(
            or_(
                Contract.number.contains(word.upper(), autoescape=True),
                Order.number.contains(word.upper(), autoescape=True),
                *of_customer,
            )
        )
    if filters.state:
        clauses.append(_in_state(filters.state))
    return clauses


def _in_state(state: ContractState) -> ColumnElement[bool]:
    if state is ContractState.VOID:
        return _is_void
    if state is ContractState.PRINTED:
        return and_(~_is_void, _printed)
    there = Document.digest.is_not(None) if state is ContractState.MADE else Document.digest.is_(None)
    return and_(~_is_void, ~_printed, there)
