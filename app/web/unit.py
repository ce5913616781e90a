"""The unit of work: a request that may write runs in one transaction, with its receipt, or not at all."""

from typing import Any

from flask import Flask, Response, g, make_response, request

from app.infra.db import db, transact
from app.web import once


class Fieldbook(Flask):
    """Flask whose views run inside a unit of work: GET reads, POST is `transact`ed and kept where it succeeded."""

    def dispatch_request(self) -> Any:
        if request.method in ("GET", "HEAD", "OPTIONS") or request.routing_exception is not None:
            return super().dispatch_request()

        def work() -> Response:
            g.keep = False
            first = once.first_answer()
            if first is not None:
                return first
            response = make_response(Flask.dispatch_request(self))
            if response.status_code < 400:
                once.remember(response)
            return response

        return transact(work, keep=lambda response: response.status_code < 400 or g.keep)


def keep_anyway() -> None:
    """Commit although the answer is an error: a failed sign-in must be counted."""
    g.keep = True


def close_reads(app: Flask) -> None:
    """End the read transaction with the request (Flask-SQLAlchemy's teardown removes the session)."""

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        db.session.rollback()
