"""One receipt per form post: the same post again gets the first answer and does nothing.

Every form carries a key made for that form instance (`once`). The receipt is stored in the transaction of the effect,
so a double tap, a retry after a lost answer and a late replay are all the same: done once.
"""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from flask import Response, g, request
from sqlalchemy import LargeBinary, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import BadRequest, Conflict

from app.infra.db import Id, Model, TryAgainError, db
from app.kernel.ids import parse_id
from app.web.actor import current_actor, signed_in
from app.web.htmx import REDIRECT

LARGEST_ANSWER = 64 * 1024


class Receipt(Model):
    """The first answer to a post of one person under one key."""

    __tablename__ = "receipt"
    person_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    key: Mapped[UUID] = mapped_column(Id, primary_key=True)
    fingerprint: Mapped[str]
    at: Mapped[datetime]
    status: Mapped[int] = mapped_column(default=0)
    location: Mapped[str | None]  # where the answer sends the browser, by a redirect or, for htmx, by its header
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class KeyReusedError(Conflict):
    """The same key with another body: two different intentions, the second is refused."""


def first_answer() -> Response | None:
    """What the same post was answered before; None, and the key is ours, where it is new.

    BadRequest without a key, KeyReusedError with another body, TryAgainError where the same post is running right now
    (the retry then waits for it and finds its answer).
    """
    if not signed_in():
        return None  # signing in makes nothing that could double
    key = parse_id(request.form.get("once"))
    if key is None:
        raise BadRequest("a form post needs its key")
    person, fingerprint = current_actor().person_id, _fingerprint()
    receipt = db.session.get(Receipt, (person, key))
    if receipt is None:
        g.receipt = Receipt(person_id=person, key=key, fingerprint=fingerprint, at=datetime.now(UTC))
        db.session.add(g.receipt)
        try:
            db.session.flush()
        except IntegrityError as error:
            raise TryAgainError from error
        return None
    if receipt.fingerprint != fingerprint:
        raise KeyReusedError
    response = Response(receipt.body, receipt.status)
    if receipt.location:
        response.headers["Location" if 300 <= receipt.status < 400 else REDIRECT] = receipt.location
    return response


def remember(response: Response) -> None:
    """Complete the receipt with the answer (a redirect or a small fragment), in the transaction of the effect."""
    receipt: Receipt | None = g.get("receipt")
    if receipt is not None:
        receipt.status = response.status_code
        receipt.location = response.headers.get("Location") or response.headers.get(REDIRECT)
        receipt.body = response.get_data()[:LARGEST_ANSWER]


def purge(before: datetime) -> None:
    """Forget receipts older than any post that could still arrive."""
    db.session.execute(delete(Receipt).where(Receipt.at < before))


def _fingerprint() -> str:
    digest = hashlib.sha256(request.path.encode())
    for name, value in sorted(request.form.items(multi=True)):
        if name != "once":
            digest.update(f"\0{name}\0{value}".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda item: item[0]):
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(file.stream.read()).digest())
        file.stream.seek(0)
    return digest.hexdigest()
