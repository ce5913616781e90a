"""The unit of work: a request that may write runs in one transaction, with its receipt, or not at all."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from flask import Flask, Response, g, make_response, request, session

from app.infra.db import db, transact
from app.infra.looks import looking
from app.web import once
from app.web.actor import ask_again, note_contact
from app.web.arrival import Arrival, answered, arriving
from app.web.templates import QuickEnvironment


class Fieldbook(Flask):
    """Flask whose views run inside a unit of work: GET reads (and notes whom it showed), POST is `transact`ed and kept
    where it did something."""

    jinja_environment = QuickEnvironment

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing here is asynchronous, so nobody need look (seven times a request)."""
        return func

    def dispatch_request(self) -> Any:
        if request.method in ("GET", "HEAD", "OPTIONS") or request.routing_exception is not None:
            with looking():
                return super().dispatch_request()
        with looking(), arriving() as arrival:  # before its body: a slow phone's photo takes minutes
            return self._serve(arrival)

    def _serve(self, arrival: Arrival) -> Response:
        # Only files may be large; a form's text is read at once, and no page of ours has so much.
        if request.mimetype == "application/x-www-form-urlencoded":
            request.max_content_length = request.max_form_memory_size
        _take_in_body()
        before = deepcopy(dict(session))

        def work() -> Response:
            if session != before:  # a try before this one was undone, and so is what it told
                _restore(before)
                ask_again()
            g.keep = False
            first = once.first_answer()
            if first is not None:
                return first
            response = make_response(Flask.dispatch_request(self))
            if once.has_effect(response):
                once.remember(response)
                note_contact()
            elif g.keep:
                once.withdraw()
            return response

        response = transact(work, keep=lambda response: once.has_effect(response) or g.keep)
        if not arrival.attended:  # else the next page would tell what nobody asked ten times
            _restore(before)
            session.modified = False
        return answered(response, once.location_of(response) if once.has_effect(response) else "")


def _restore(before: dict[str, Any]) -> None:
    if session != before:
        session.clear()
        session.update(deepcopy(before))


def _take_in_body() -> None:
    """Have the whole body here before the write begins: else everybody's writes would wait for one slow phone's photo.
    Nor does the read of who it is keep a connection meanwhile."""
    db.session.rollback()
    request.form.get("once")


def keep_anyway() -> None:
    """Commit although the answer is an error: a wrong password must be counted."""
    g.keep = True
