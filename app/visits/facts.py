"""What a link of the chain says of a row of a visit: the same when it is written and when it is compared with the row
again (app/chain). Only values that never change; what may be deleted is sealed by a salt beside it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from app.chain.ports import Linked
from app.chain.rules import GONE, Facts, sealed
from app.visits.models import CheckIn, CheckOut, Dismissal, Finding, Photo, Report, Visit

_POSITION = ("lat", "lon")


class Kind(StrEnum):
    """What a link tells of; its subject is the visit, a finding or a photo."""

    CHECKED_IN = "checked_in"
    EXPLAINED = "explained"  # the rep said why, at the check-in or afterwards
    FINDING = "finding"
    CHECKED_OUT = "checked_out"  # again where the rep's own takes the place of an estimate
    REPORTED = "reported"  # again with each correction
    PHOTO = "photo"
    DISMISSED = "dismissed"


def of_check_in(row: CheckIn, visit: Visit) -> Facts:
    """A check-in, at which account and place, by which device, and its verdict; the raw fix is sealed."""
    return {
        "account_id": visit.account_id, "place_id": visit.place_id, "person_id": row.person_id,
        "device_id": row.device_id, "at": row.at, "received_at": row.received_at,
        "clock_doubtful": row.clock_doubtful, "position_error": row.position_error, "fix_count": row.fix_count,
        "waited": row.waited, "distance": row.distance, "verdict": row.verdict, "verdict_reason": row.verdict_reason,
        "verdict_params": row.verdict_params, "fix": _fix_of(row),
    }  # fmt: skip


def of_explanation(row: CheckIn) -> Facts:
    """The rep's reason."""
    return {"reason": row.reason}


def of_finding(row: Finding) -> Facts:
    """A further reason at a visit."""
    return {
        "visit_id": row.visit_id, "at": row.at, "received_at": row.received_at, "reason": row.reason,
        "params": row.params, "subject_id": row.subject_id,
    }  # fmt: skip


def of_check_out(row: CheckOut) -> Facts:
    """The end of a visit."""
    return {"at": row.at, "received_at": row.received_at, "person_id": row.person_id, "estimated": row.estimated}


def of_report(row: Report) -> Facts:
    """What came of a visit; its words by their hash, for they are long."""
    return {
        "version": row.version, "outcome": row.outcome, "text": sealed("", row.text),
        "next_visit_on": row.next_visit_on, "at": row.at, "received_at": row.received_at, "person_id": row.person_id,
    }  # fmt: skip


def of_dismissal(row: Dismissal) -> Facts:
    """Why a visit did not take place."""
    return {
        "kind": row.kind, "reason": row.reason, "at": row.at, "received_at": row.received_at,
        "person_id": row.person_id, "postponed_to": row.postponed_to,
    }  # fmt: skip


def of_photo(row: Photo) -> Facts:
    """A photo, sealed; and, sealed by itself, where the camera was."""
    said = without_position(row.exif)
    where = [row.exif[name] for name in _POSITION if name in row.exif]
    look = (row.look_1, row.look_2, row.look_3, row.look_4)
    content = (row.digest, row.sent_digest, row.width, row.height, row.size, row.taken_at, look, said)
    return {
        "visit_id": row.visit_id, "at": row.at, "received_at": row.received_at, "person_id": row.person_id,
        "photo": sealed(row.salt or "", *content),
        "position": sealed(row.place_salt or "", *where) if where else GONE,
    }  # fmt: skip


def without_position(exif: Mapping[str, Any]) -> dict[str, Any]:
    """What the camera wrote, but not where it was."""
    return {name: value for name, value in exif.items() if name not in _POSITION}


def _fix_of(row: CheckIn) -> object:
    raw = (row.lat, row.lon, row.accuracy, row.altitude, row.speed, row.fix_at, row.fix_told_at)
    if any(value is not None for value in raw):
        return sealed(row.salt or "", *raw)
    return GONE if row.fix_deleted_at else None


def linked(
    kind: str, subject: Any, model: Any, facts: Callable[..., Facts], *beside: Any, must: Any = None
) -> Linked:  # fmt: skip
    """Links about rows of `model`, which belong to a visit by their `visit_id`; `beside`: further models of the join
    that `facts` takes."""
    rows = select(subject, model, *beside).join(Visit, Visit.id == model.visit_id)
    return Linked(kind, subject, Visit.rep_id, rows, facts, must)


LINKED = (
    linked(Kind.CHECKED_IN, CheckIn.visit_id, CheckIn, of_check_in, Visit),
    linked(Kind.EXPLAINED, CheckIn.visit_id, CheckIn, of_explanation, must=CheckIn.reason != ""),
    linked(Kind.FINDING, Finding.id, Finding, of_finding),
    linked(Kind.CHECKED_OUT, CheckOut.visit_id, CheckOut, of_check_out),
    linked(Kind.REPORTED, Report.visit_id, Report, of_report),
    linked(Kind.PHOTO, Photo.id, Photo, of_photo),
    linked(Kind.DISMISSED, Dismissal.visit_id, Dismissal, of_dismissal),
)
