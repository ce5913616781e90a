"""The page of a document: waiting for it, looking at it, sharing it."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, request, send_file, url_for
from werkzeug.wrappers import Response

from app.documents.actions import try_again
from app.documents.plugs import renderers
from app.documents.queries import get_document
from app.documents.rules import BATCH
from app.identity.permissions import P
from app.infra.files import path_of
from app.kernel.errors import NotFoundError
from app.web.actor import current_actor
from app.web.guard import needs
from app.web.htmx import goto, page, part, wants_fragment

blueprint = Blueprint("documents", __name__)


@blueprint.get("/documents/<uuid:document_id>")
@needs(P.PROFILE_OWN)  # who may see it is said by the slice that it belongs to
def document_show(document_id: UUID) -> Response:
    view = get_document(current_actor(), document_id, renderers())
    if wants_fragment():  # each second, while somebody waits
        return part("documents/_document.html", view=view)
    renderer = renderers()[min(view.kinds)]
    back = renderer.address(None if view.row.kind == BATCH else view.row.subject_id)
    return page("documents/show.html", back=back, view=view)


@blueprint.post("/documents/<uuid:document_id>/tries")
@needs(P.PROFILE_OWN)
def try_create(document_id: UUID) -> Response:
    view = get_document(current_actor(), document_id, renderers())
    try_again(current_actor(), view.row.id, datetime.now(UTC))
    return goto(url_for("documents.document_show", document_id=document_id))


@blueprint.get("/documents/<uuid:document_id>/file.pdf")
@needs(P.PROFILE_OWN)
def file_show(document_id: UUID) -> Response:
    """The PDF itself; ?download to keep it. 404 before it is made."""
    view = get_document(current_actor(), document_id, renderers())
    path = path_of(view.row.digest) if view.row.digest else None
    if path is None or not path.is_file():
        raise NotFoundError
    response = send_file(
        path,
        mimetype="application/pdf",
        as_attachment="download" in request.args,
        download_name=view.file_name,
        etag=view.row.digest,
        last_modified=view.row.made_at,
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    # Our own page may show it inside; nothing in it may load anything.
    response.headers["Content-Security-Policy"] = "default-src 'self'; base-uri 'none'; frame-ancestors 'self'"
    return response
