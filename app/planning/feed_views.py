"""The calendar of planned visits: the page of its secret address, and the calendar itself."""

from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, flash, request, session
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.identity.permissions import P
from app.planning.feed import calendar_of, end_feed, find_feed, get_reader, list_entries, renew_feed
from app.web.actor import current_actor
from app.web.guard import needs, public
from app.web.htmx import goto, page

blueprint = Blueprint("feed", __name__)

_SHOWN_ONCE = "calendar"  # in the session, from the post to the page that follows it


@blueprint.get("/plan/calendar")
@needs(P.PLANNING_USE)
def calendar_edit() -> Response:
    """The address of the actor's calendar: it is shown once, right after it was made."""
    token = session.pop(_SHOWN_ONCE, "")
    address = f"{_base()}/calendar/{token}.ics" if token else ""
    return page("planning/calendar.html", since=find_feed(current_actor()), address=address)


@blueprint.post("/plan/calendar")
@needs(P.PLANNING_USE)
def calendar_update() -> BaseResponse:
    """Make an address, or another one in its place."""
    session[_SHOWN_ONCE] = renew_feed(current_actor(), datetime.now(UTC))
    return goto("/plan/calendar")


@blueprint.post("/plan/calendar/end")
@needs(P.PLANNING_USE)
def calendar_end() -> BaseResponse:
    session.pop(_SHOWN_ONCE, None)
    end_feed(current_actor(), datetime.now(UTC))
    flash(_("The calendar has no address any more."), "success")
    return goto("/plan/calendar")


@blueprint.get("/calendar/<token>.ics")
@public  # calendars cannot sign in: the address itself is the key
def calendar_show(token: str) -> Response:
    """The calendar; 404 alike for every address that is none (any more)."""
    actor, now = get_reader(token), datetime.now(UTC)
    with force_locale(actor.language):
        name, open_text = _("Visits of %(name)s", name=actor.name), _("Open in Fieldbook")
    response = Response(calendar_of(list_entries(actor, now), name, _base(), open_text), mimetype="text/calendar")
    response.headers["X-Robots-Tag"] = "noindex"
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value] # it is the same response


def _base() -> str:
    """The address of this Fieldbook, as the reader reaches it."""
    return current_app.config["PUBLIC_URL"] or request.host_url.rstrip("/")
