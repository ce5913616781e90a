"""The gate: every route carries a mark that says who may pass. Without a mark the application does not start."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from app.web.actor import find_current_actor
from app.web.arrival import is_anothers

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "fieldbook_permission"
PUBLIC = "public"


def needs(permission: str) -> Callable[[View], View]:
    """Mark a view: whoever lacks the permission gets 404, as if it were not there."""

    def mark(view: View) -> View:
        setattr(view, _MARK, permission)
        return view

    return mark


def public(view: View) -> View:
    """Mark a view that needs no sign-in."""
    setattr(view, _MARK, PUBLIC)
    return view


def mark_of(app: Flask, endpoint: str) -> str | None:
    """The mark of an endpoint: a permission, PUBLIC, or None where it was forgotten."""
    mark: str | None = getattr(app.view_functions[endpoint], _MARK, None)
    return mark


def refuse_unmarked(app: Flask) -> None:
    """Stop the start-up (RuntimeError) if a route has no mark."""
    bare = sorted(rule.endpoint for rule in app.url_map.iter_rules() if mark_of(app, rule.endpoint) is None)
    if bare:
        raise RuntimeError(f"mark these views with @needs(P...) or @public: {', '.join(bare)}")


def gate(app: Flask) -> None:
    """Check origin and permission before each view."""

    @app.before_request
    def check() -> None:
        if is_anothers():
            raise Unauthorized
        if request.endpoint is None:
            return  # no such route: Flask answers 404 or 405
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _from_here(app):
            raise Forbidden
        mark = mark_of(app, request.endpoint)
        if mark == PUBLIC:
            return
        actor = find_current_actor()
        if actor is None:
            raise Unauthorized
        if mark is None or not actor.may(mark):
            raise NotFound


def _from_here(app: Flask) -> bool:
    """Whether a post comes from our own pages: Sec-Fetch-Site, without it Origin equal to the public address.

    Neither expires, so a post that waited on a phone for a day still counts (a token would not).
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")  # none: the person's own doing, such as reloading a page
    return request.headers.get("Origin") == (app.config["PUBLIC_URL"] or request.host_url.rstrip("/"))
