"""Errors as answers: a page in the reader's language, nothing given away, nothing half-saved."""

import logging
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from app.infra.db import db
from app.kernel.errors import AlreadyDoneError, ForbiddenError, InvalidError, NotFoundError, StaleError
from app.kernel.i18n import N_
from app.web.arrival import arrival
from app.web.htmx import as_notice, page, wants_fragment
from app.web.once import KeyReusedError, NoKeyError

LOST = N_(
    "Not taken: the customer, visit or document that this is about is no longer yours, or is gone. Ask your manager "
    "who looks after it now."
)
LARGE = N_(
    "That is too large: a file may have %(file)s MB, the texts of a form %(text)s MB. Choose a smaller file or shorten "
    "the text."
)
MOST_DRAINED = 64 * 1024 * 1024
log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Turn every error into an answer."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFoundError, lambda _error: _page(404))
    app.register_error_handler(ForbiddenError, lambda _error: _page(404))
    app.register_error_handler(StaleError, lambda _error: _page(409, back=_sender()))
    app.register_error_handler(AlreadyDoneError, _already)
    app.register_error_handler(InvalidError, _invalid)
    app.register_error_handler(IntegrityError, _clash)
    app.register_error_handler(Exception, _defect)


def reason_text(error: InvalidError) -> str:
    """The refusal in the reader's language."""
    return str(_(error.reason, **(error.params or {})))


def _page(status: int, message: str = "", back: str = "") -> Response:
    db.session.rollback()
    if status == 404 and arrival().by_outbox:  # it was the reader's when the phone kept it
        message = _(LOST)
    return as_notice(page("errors/error.html", "error", status=status, code=status, message=message, back=back))


def _sender() -> str:
    """The page of ours that a post came from, '' where the browser does not say."""
    sent_from = urlsplit(request.referrer or "")
    return f"{sent_from.path}?{sent_from.query}" if sent_from.netloc == request.host and sent_from.path else ""


def _http(error: HTTPException) -> Response | BaseResponse:
    code = error.code or 500
    if code in (301, 302, 303, 307, 308):
        return error.get_response()
    if code == 401:
        if request.method == "GET" and not wants_fragment():
            here = request.full_path.rstrip("?")
            return redirect(url_for("identity.sign_in_new", next=here if here != "/" else None))
        return _page(401)
    if code == 403:
        return _page(403)
    said = _(error.description) if isinstance(error, KeyReusedError | NoKeyError) else ""
    if code == 413:
        drain()
        settings = current_app.config
        file, text = settings["MAX_CONTENT_LENGTH"] // 1024**2, settings["MAX_FORM_MEMORY_SIZE"] // 1024**2
        said = _(LARGE, file=file, text=text)
    response = _page(code, said)
    if code == 405:
        response.headers["Allow"] = error.get_response().headers.get("Allow", "")
    return response


def drain() -> None:
    """Take in the rest of a post that is too large: whoever is still sending hears no answer, only that we hung up."""
    left, source = min(request.content_length or 0, MOST_DRAINED), request.environ["wsgi.input"]
    while left > 0 and (block := source.read(min(left, 64 * 1024))):
        left -= len(block)


def _already(error: AlreadyDoneError) -> BaseResponse:
    db.session.rollback()
    return redirect(error.location, code=303) if error.location else _page(409)


def _invalid(error: InvalidError) -> Response:
    return _page(422, reason_text(error))


def _clash(error: IntegrityError) -> Response:
    """Two people made the same thing in the same moment, or a row refers to one that is gone."""
    log.warning("refused by the database: %s", error.orig)
    return _page(409)


def _defect(error: Exception) -> Response:
    log.exception("defect")
    return _page(500)
