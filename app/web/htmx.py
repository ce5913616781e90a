"""Every HX-* word lives here. One template is page and fragment: block name = element id = hx-target."""

from typing import Any

from flask import Response, current_app, make_response, redirect, render_template, request
from werkzeug.urls import iri_to_uri

from app.web.actor import find_current_actor

REDIRECT = "HX-Redirect"


def wants_fragment() -> bool:
    """Whether htmx asks for a part of a page (a boosted link gets the whole page)."""
    headers = request.environ  # asked by nearly every page, so without werkzeug's detour
    return (
        headers.get("HTTP_HX_REQUEST") == "true"
        and headers.get("HTTP_HX_BOOSTED") != "true"
        and "HTTP_OUTBOX_SENT" not in headers  # the outbox shows an answer as a page, also when it sends htmx's post
    )


def page(template: str, fragment: str | None = None, *, status: int = 200, **context: Any) -> Response:
    """Answer with the block `fragment` of the template for htmx, with the whole page without it."""
    if fragment is not None and wants_fragment():
        return block(template, fragment, status=status, **context)
    return Response(render_template(template, **context), status)


def block(template: str, name: str, *, status: int = 200, **context: Any) -> Response:
    """Answer with one block of a template, whoever asks: for addresses that only ever give a fragment. It has `actor`
    and what is given; request and session are for the frame."""
    found = current_app.jinja_env.get_template(template)
    return Response("".join(found.blocks[name](found.new_context(_with_actor(context)))), status)


def part(template: str, **context: Any) -> Response:
    """Answer with a template that several pages include, as `block` does with a block."""
    return Response(current_app.jinja_env.get_template(template).render(_with_actor(context)))


def _with_actor(context: dict[str, Any]) -> dict[str, Any]:
    return {"actor": find_current_actor(), **context}


def goto(address: str) -> Response:
    """Go to another page after a post that succeeded."""
    if wants_fragment():
        response = make_response("", 200)
        response.headers[REDIRECT] = iri_to_uri(address)  # headers are ASCII, as `redirect` knows
        return response
    return make_response(redirect(address, code=303))


def as_notice(response: Response) -> Response:
    """Let htmx show an error above the page, not in place of the row that was asked for."""
    if wants_fragment():
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
