"""The service worker, the pack, and the pages of what waits on the phone."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify

from app.identity.permissions import P
from app.sync.pack import make_pack
from app.web.actor import current_actor, note_contact
from app.web.guard import needs, public
from app.web.htmx import page

blueprint = Blueprint("sync", __name__)

SHELL = ("css/*.css", "js/*.js", "words/*.js", "icons/*.svg", "vendor/*/*.min.js", "vendor/leaflet/leaflet.*s")
"""What pages need without a network; all else of a build, such as the outlines of the world, is kept as it comes by."""


@blueprint.get("/sw.js")
@public
def worker_show() -> Response:
    """The service worker: at the root, because it answers for the whole application."""
    return Response(
        _worker(current_app.config["ROOT"] / "static", current_app.config["BUILD"]), mimetype="text/javascript"
    )


@lru_cache(maxsize=2)
def _worker(static: Path, build: str) -> str:
    """The worker with the build that it belongs to: another build is another worker, which browsers then install."""
    built = static / "built" / build
    files = sorted(path.relative_to(built).as_posix() for pattern in SHELL for path in built.glob(pattern))
    shell = [f"/static/{build}/{name}" for name in files]
    return f"self.BUILD = {build!r};\nself.SHELL = {shell!r};\n{(static / 'sw.js').read_text()}"


@blueprint.get("/pack")
@needs(P.PROFILE_OWN)
def pack_show() -> Response:
    """What the phone carries; static/sw.js keeps it."""
    note_contact()  # before anything is read: it may write, in a transaction of its own
    return jsonify(make_pack(current_actor(), datetime.now(UTC)))


@blueprint.get("/outbox")
@needs(P.PROFILE_OWN)
def outbox_show() -> Response:
    """What waits on this phone. The page is the frame: what waits is known to the phone alone."""
    return page("sync/outbox.html")


@blueprint.get("/offline")
@public
def offline_show() -> Response:
    """Instead of a page that is not on the phone."""
    return page("sync/offline.html")
