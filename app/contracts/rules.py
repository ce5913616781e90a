"""What a contract says, which number it bears, and in which state it is."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.kernel.capitals import LARGEST_YUAN, rmb_capitals
from app.kernel.i18n import N_

MOST_PRINTED = 500  # contracts in one PDF
LONGEST_REASON = 200


class ContractState(StrEnum):
    """WAITING: its PDF is not there yet. VOID counts before everything, PRINTED before MADE."""

    WAITING = "waiting"
    MADE = "made"
    PRINTED = "printed"
    VOID = "void"


STATE_NAMES = {
    ContractState.WAITING: N_("In preparation"),
    ContractState.MADE: N_("Ready to print"),
    ContractState.PRINTED: N_("Printed"),
    ContractState.VOID: N_("Void"),
}
TONES = {
    ContractState.WAITING: "",
    ContractState.MADE: "accent",
    ContractState.PRINTED: "ok",
    ContractState.VOID: "bad",
}


def state_of(*, void: bool, printed: bool, made: bool) -> ContractState:
    """The state, from the facts that are there."""
    if void:
        return ContractState.VOID
    if printed:
        return ContractState.PRINTED
    return ContractState.MADE if made else ContractState.WAITING


def series_of(day: date) -> str:
    """The series that a contract of that day (in the company's zone) takes its number from: one for each year."""
    return f"contract-{day.year}"


def number_of(day: date, number: int) -> str:
    """C-2026-000123: the year, and the place in its series."""
    return f"C-{day.year}-{number:06}"


def capitals_of(gross: int, currency: str, *, traditional: bool) -> str:
    """A total of so many minor units in RMB capitals; '' for another currency, or more than capitals can say."""
    if currency != "CNY" or abs(gross) > LARGEST_YUAN * 100:
        return ""
    return rmb_capitals(gross, traditional=traditional)


@dataclass(frozen=True, slots=True)
class ContractFilters:
    """What a list of contracts is narrowed to: `q` any part of number or customer, `state` one of them or all."""

    q: str = ""
    state: ContractState | None = None
