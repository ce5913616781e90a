"""One receipt per form post: the same post again gets the first answer and does nothing.

Every form carries a key made for that form instance (`once`). The receipt is stored in the transaction of the effect,
so a double tap, a retry after a lost answer and a late replay are all the same: done once.

Whatever did something answers by sending the browser on (`has_effect`). A page as the answer is a look at what was
entered, like a sale's review: nothing of it is kept, no receipt either, and the same post again looks again.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Response, g, has_request_context, request
from sqlalchemy import JSON, delete, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column, object_mapper
from werkzeug.exceptions import BadRequest, Conflict

from app.infra.db import Id, Model, TryAgainError, db, transact
from app.infra.queue import JobKind
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.web.actor import find_current_actor
from app.web.arrival import arrival
from app.web.htmx import REDIRECT

KEPT = timedelta(days=100)  # longer than any phone keeps a post that it could not send


class Receipt(Model):
    """The first answer to a post of one person under one key.

    `at`: when it arrived. `captured_at`: when it was made, as the phone said; `doubtful`: that cannot be. `versions`:
    {"table id": the version of that row that the post left} (web/versions.py).
    """

    __tablename__ = "receipt"
    person_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    key: Mapped[UUID] = mapped_column(Id, primary_key=True)
    fingerprint: Mapped[str]
    at: Mapped[datetime]
    captured_at: Mapped[datetime]
    doubtful: Mapped[bool] = mapped_column(default=False)
    status: Mapped[int] = mapped_column(default=0)
    versions: Mapped[dict[str, int] | None] = mapped_column(JSON)
    location: Mapped[str] = mapped_column(default="")  # where a redirect or, for htmx, a header sends the browser


class KeyReusedError(Conflict):
    """The same key with another body: two different intentions, the second is refused."""

    description = N_("This entry was changed after it was sent once. What was sent first counts; enter the rest anew.")


class NoKeyError(BadRequest):
    """A post without a key that can be read: nobody could say whether it came before."""

    description = N_("This entry has lost its key, so it cannot be said whether it came before. Enter it anew.")


def first_answer() -> Response | None:
    """What the same post was answered before; None, and the key is ours, where it is new.

    NoKeyError without a key, KeyReusedError with another body, TryAgainError where the same post is running right now
    (the retry then waits for it and finds its answer).
    """
    actor = find_current_actor()
    if actor is None:
        return None  # signing in makes nothing that could double
    key = parse_id(request.form.get("once"))
    if key is None:
        raise NoKeyError
    person, fingerprint = actor.person_id, _fingerprint()
    receipt = db.session.get(Receipt, (person, key))
    if receipt is None:
        come = arrival().capture
        g.receipt = Receipt(
            person_id=person, key=key, fingerprint=fingerprint, at=come.arrived_at,
            captured_at=come.claimed or come.arrived_at, doubtful=come.doubtful,
        )  # fmt: skip
        g.left = {}
        db.session.add(g.receipt)
        try:
            db.session.flush()
        except IntegrityError as error:
            raise TryAgainError from error
        return None
    if receipt.fingerprint != fingerprint:
        raise KeyReusedError
    response = Response(status=receipt.status)
    response.headers["Location" if receipt.status >= 300 else REDIRECT] = receipt.location
    return response


def has_effect(response: Response) -> bool:
    """Whether the answer says that something was done: it sends the browser on."""
    return response.status_code < 400 and bool(location_of(response))


def remember(response: Response) -> None:
    """Complete the receipt with the answer, in the transaction of the effect."""
    receipt: Receipt | None = g.get("receipt")
    if receipt is not None:
        db.session.flush()
        receipt.status, receipt.location = response.status_code, location_of(response)
        receipt.versions = g.left


@event.listens_for(Session, "after_flush")
def _note_versions(session: Session, _context: UOWTransaction) -> None:
    left: dict[str, int] = g.get("left", {}) if has_request_context() else {}
    for row in (*session.new, *session.dirty):
        if hasattr(row, "version"):
            left[" ".join(map(str, (row.__tablename__, *object_mapper(row).primary_key_from_instance(row))))] = (
                row.version
            )


def withdraw() -> None:
    """Take the receipt back: the post is answered with an error, and the same one again is a new try."""
    receipt: Receipt | None = g.pop("receipt", None)
    if receipt is not None:
        db.session.delete(receipt)


def location_of(response: Response) -> str:
    """Where the answer sends the browser, '' where it stays."""
    return response.headers.get("Location") or response.headers.get(REDIRECT) or ""


def _forget(_job: UUID, _arguments: dict[str, Any]) -> None:
    transact(lambda: db.session.execute(delete(Receipt).where(Receipt.at < datetime.now(UTC) - KEPT)))


FORGET = JobKind("receipts.forget", _forget, every=timedelta(days=1))


def _fingerprint() -> str:
    digest = hashlib.sha256(request.path.encode())
    for name, value in sorted(request.form.items(multi=True)):
        if name != "once":
            digest.update(f"\0{name}\0{value}".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda item: item[0]):
        file.stream.seek(0)  # in a second try of the transaction, the first has read it to the end
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(file.stream.read()).digest())
        file.stream.seek(0)
    return digest.hexdigest()
