"""Travel times, for whoever manages the company: where they come from, what is set, and what was learned."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.identity.permissions import P
from app.infra.road_times import imported, server_url
from app.kernel.access import Actor
from app.kernel.errors import InvalidError, StaleError
from app.kernel.i18n import N_
from app.kernel.travel import Source
from app.planning.forms import TravelForm
from app.planning.learning import save_travel_settings
from app.planning.shown import source_text
from app.planning.travel import get_travel_settings, list_sources, list_team_speeds
from app.web.actor import current_actor
from app.web.conflict import stale
from app.web.form import int_or_none, translated
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("travel", __name__)

SOURCE_NAMES = {
    Source.ESTIMATE: N_("Estimate"),
    Source.ROADS: N_("Imported roads"),
    Source.SERVER: N_("Road server"),
}


def travel_panel(_actor: Actor, _company_id: UUID) -> dict[str, Any]:
    """What the company's page says of travel times."""
    settings, _version = get_travel_settings()
    return {"text": source_text(list_sources(settings)[0]), "settings_": settings}


@blueprint.get("/company/travel-times")
@needs(P.COMPANY_MANAGE)
def travel_edit() -> Response:
    settings, version = get_travel_settings()
    return _travel(TravelForm(obj=settings), version)


@blueprint.post("/company/travel-times")
@needs(P.COMPANY_MANAGE)
def travel_update() -> BaseResponse:
    form, version = TravelForm(request.form), int_or_none("version")
    if form.validate():
        try:
            save_travel_settings(current_actor(), form.to_input(), version, datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, TravelForm(obj=get_travel_settings()[0]), url_for("travel.travel_edit"))
        else:
            flash(_("Saved. Plans use it from now on."), "success")
            return goto(url_for("travel.travel_edit"))
    return _travel(form, version, 422)


def _travel(form: TravelForm, version: int | None, status: int = 200) -> Response:
    settings, _now = get_travel_settings()
    sources = list_sources(settings)
    return page(
        "planning/travel.html",
        status=status,
        form=form,
        version=version,
        text=source_text(sources[0]),
        roads=imported(),
        roads_work=any(times.source is Source.ROADS for times in sources),
        server=server_url(),
        speeds=[(line, translated(SOURCE_NAMES[line.source])) for line in list_team_speeds()],
        used=settings.use_learned,
    )
