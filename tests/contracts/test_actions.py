"""One contract for an order, numbered without gaps, printed and voided."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.contracts.actions import make_contract, print_contracts, void_contract
from app.contracts.models import Contract, Printing
from app.contracts.queries import count_states, get_contract, list_contracts, list_ids, list_of_order
from app.contracts.rules import ContractFilters, ContractState
from app.documents.models import Document
from app.documents.plugs import renderers
from app.documents.queries import get_document
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.infra.queue import Job
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError
from app.kernel.ids import new_id
from app.sales.actions import cancel_order
from tests.conftest import NOW, Cast
from tests.contracts.conftest import contract_of, order_of
from tests.sales.conftest import Shop


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_an_order_gets_its_contract_and_the_wish_for_its_pdf(cast: Cast, order_id: UUID) -> None:
    contract = contract_of(cast.rita, order_id)
    assert (contract.number, contract.language, contract.edition) == ("C-2026-000001", "en", 1)
    document = db.session.get_one(Document, contract.document_id)
    assert (document.kind, document.subject_id, document.title) == (
        "contract",
        contract.id,
        "C-2026-000001 Harbour Kitchen",
    )
    job = db.session.get_one(Job, document.job_id)
    assert job.arguments == {"document_id": str(document.id)}
    assert "ContractMade" in db.session.scalars(select(JournalEntry.event))


def test_a_second_tap_finds_the_first_contract(cast: Cast, order_id: UUID) -> None:
    first = contract_of(cast.rita, order_id)
    again = transact(lambda: make_contract(cast.rita, first.id, order_id, None, NOW))
    other = transact(lambda: make_contract(cast.mona, new_id(), order_id, "zh_Hans", NOW))
    assert first.id == again.id == other.id
    assert (count(Contract), count(Document), count(Job)) == (1, 1, 1)


def test_the_language_is_the_customers_or_the_chosen_one(cast: Cast, shop: Shop) -> None:
    theirs = order_of(cast.rita, shop, shop.tower)
    assert contract_of(cast.rita, theirs).language == "zh_Hant"
    chosen = order_of(cast.rita, shop)
    assert contract_of(cast.rita, chosen, "zh_Hans").language == "zh_Hans"
    with pytest.raises(InvalidError):
        contract_of(cast.rita, order_of(cast.rita, shop), "fr")


def test_it_is_dated_and_numbered_in_the_companys_year(cast: Cast, order_id: UUID) -> None:
    new_year = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)  # 1 January in Shanghai
    contract = transact(lambda: make_contract(cast.rita, new_id(), order_id, None, new_year))
    assert (contract.number, contract.dated_on.isoformat()) == ("C-2027-000001", "2027-01-01")


def test_its_document_is_seen_by_whoever_sees_the_order(cast: Cast, order_id: UUID) -> None:
    document_id = contract_of(cast.rita, order_id).document_id
    for actor in (cast.rita, cast.mona, cast.otto, cast.ada):
        assert get_document(actor, document_id, renderers()).kinds == {"contract"}
    with pytest.raises(NotFoundError):
        get_document(cast.ren, document_id, renderers())


def test_the_contract_of_a_cancelled_order_is_void(cast: Cast, order_id: UUID, work: Callable[[], int]) -> None:
    contract_id = contract_of(cast.rita, order_id).id
    work()
    assert list_ids(cast.otto, ContractFilters(), 9) == [contract_id]
    transact(lambda: cancel_order(cast.rita, order_id, "They closed", None, NOW))
    line = get_contract(cast.otto, contract_id)
    assert (line.state, line.row.reason) == (ContractState.VOID, "They closed")
    assert list_ids(cast.otto, ContractFilters(), 9) == []
    assert count_states(cast.otto)[ContractState.VOID] == count_states(cast.rita)[ContractState.VOID] == 1
    assert list_contracts(cast.otto, ContractFilters(state=ContractState.MADE), 1).rows == []
    assert len(list_contracts(cast.otto, ContractFilters(state=ContractState.VOID), 1).rows) == 1
    with pytest.raises(InvalidError, match="void"):
        transact(lambda: print_contracts(cast.otto, new_id(), [contract_id], "t", NOW))


def test_numbers_have_no_gaps_whatever_fails_between(cast: Cast, shop: Shop) -> None:
    orders = [order_of(cast.rita, shop) for _ in range(4)]
    cancelled = orders.pop(1)
    transact(lambda: cancel_order(cast.rita, cancelled, "No room", None, NOW))
    numbers = [contract_of(cast.rita, orders[0]).number]
    with pytest.raises(InvalidError, match="cancelled"):
        contract_of(cast.rita, cancelled)

    def change_your_mind() -> None:
        make_contract(cast.rita, new_id(), orders[1], None, NOW)
        raise LookupError

    with pytest.raises(LookupError):
        transact(change_your_mind)
    numbers += [contract_of(cast.rita, each).number for each in orders[1:]]
    assert numbers == ["C-2026-000001", "C-2026-000002", "C-2026-000003"]


def test_who_does_not_see_the_order_makes_and_sees_no_contract(cast: Cast, shop: Shop, order_id: UUID) -> None:
    with pytest.raises(NotFoundError):
        contract_of(cast.ren, order_id)
    contract = contract_of(cast.rita, order_id)
    for actor in (cast.rita, cast.mona, cast.otto, cast.ada):
        assert get_contract(actor, contract.id).row.number == contract.number
    for act in (
        lambda: get_contract(cast.ren, contract.id),
        lambda: void_contract(cast.ren, contract.id, "mine", NOW),
        lambda: transact(
            lambda: make_contract(cast.ren, contract.id, order_of(cast.ren, shop, shop.thames), None, NOW)
        ),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert list_contracts(cast.ren, ContractFilters(), 1).rows == []
    assert list_of_order(cast.ren, order_id) == []
    assert sum(count_states(cast.ren).values()) == 0


def test_voided_its_number_stays_used_and_the_order_gets_another(cast: Cast, order_id: UUID) -> None:
    first = contract_of(cast.rita, order_id)
    voided = transact(lambda: void_contract(cast.rita, first.id, " wrong language ", NOW))
    again = transact(lambda: void_contract(cast.rita, first.id, "other words", NOW))
    assert voided.reason == again.reason == "wrong language"
    second = contract_of(cast.rita, order_id, "zh_Hans")
    assert (second.number, second.edition) == ("C-2026-000002", 2)
    assert [line.state for line in list_of_order(cast.rita, order_id)] == [ContractState.WAITING, ContractState.VOID]
    assert contract_of(cast.rita, order_id).id == second.id


def test_voiding_needs_a_reason(cast: Cast, order_id: UUID) -> None:
    contract = contract_of(cast.rita, order_id)
    for reason in ("", "   ", "x" * 201):
        with pytest.raises(InvalidError) as refusal:
            transact(lambda reason=reason: void_contract(cast.rita, contract.id, reason, NOW))
        assert refusal.value.field == "reason"


def test_what_is_printed_only_the_office_voids(cast: Cast, order_id: UUID) -> None:
    contract = contract_of(cast.rita, order_id)
    transact(lambda: print_contracts(cast.otto, new_id(), [contract.id], "t", NOW))
    assert get_contract(cast.rita, contract.id).state is ContractState.PRINTED
    with pytest.raises(InvalidError, match="back office"):
        transact(lambda: void_contract(cast.rita, contract.id, "late", NOW))
    transact(lambda: void_contract(cast.otto, contract.id, "late", NOW))
    assert get_contract(cast.rita, contract.id).state is ContractState.VOID


def test_several_are_printed_in_their_order_and_noted_once(cast: Cast, shop: Shop) -> None:
    contracts = [contract_of(cast.rita, order_of(cast.rita, shop)) for _ in range(3)]
    wanted = [contracts[2].id, contracts[0].id, contracts[2].id]
    batch = new_id()
    for _ in range(2):
        document = transact(lambda: print_contracts(cast.otto, batch, wanted, "Contracts", NOW))
    assert document.parts == [str(contracts[2].document_id), str(contracts[0].document_id)]
    assert count(Printing) == 2
    states = count_states(cast.otto)
    assert (states[ContractState.PRINTED], states[ContractState.WAITING]) == (2, 1)


def test_printing_refuses_none_void_hidden_and_whoever_is_no_office(cast: Cast, order_id: UUID) -> None:
    contract = contract_of(cast.rita, order_id)
    with pytest.raises(ForbiddenError):
        print_contracts(cast.mona, new_id(), [contract.id], "t", NOW)
    with pytest.raises(InvalidError, match="at least one"):
        print_contracts(cast.otto, new_id(), [], "t", NOW)
    with pytest.raises(NotFoundError):
        print_contracts(cast.otto, new_id(), [contract.id, new_id()], "t", NOW)
    transact(lambda: void_contract(cast.rita, contract.id, "wrong", NOW))
    with pytest.raises(InvalidError, match="void"):
        print_contracts(cast.otto, new_id(), [contract.id], "t", NOW)
    assert count(Printing) == 0


def test_found_by_number_order_or_customer_and_narrowed_to_a_state(cast: Cast, shop: Shop) -> None:
    kitchen = contract_of(cast.rita, order_of(cast.rita, shop))
    tower = contract_of(cast.rita, order_of(cast.rita, shop, shop.tower))
    transact(lambda: void_contract(cast.rita, kitchen.id, "wrong", NOW))

    def found(**narrowed: object) -> list[UUID]:
        return [line.row.id for line in list_contracts(cast.otto, ContractFilters(**narrowed), 1).rows]  # type: ignore[arg-type]

    assert found() == [tower.id, kitchen.id]
    assert found(q="c-2026-000001") == [kitchen.id]
    assert found(q="永康") == [tower.id]
    assert found(q="kitchen harb") == [kitchen.id]
    assert found(q="%") == []
    assert found(state=ContractState.VOID) == [kitchen.id]
    assert found(state=ContractState.WAITING) == [tower.id]
    assert found(state=ContractState.MADE) == found(state=ContractState.PRINTED) == []
    assert list_ids(cast.otto, ContractFilters(), 10) == [tower.id]
