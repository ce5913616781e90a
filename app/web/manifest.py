"""GET /manifest.webmanifest: what phones put on the home screen (W3C Web Application Manifest)."""

from flask import Blueprint, Response, current_app, jsonify
from flask_babel import gettext as _

from app.kernel.i18n import html_lang
from app.web import locale
from app.web.guard import public
from app.web.ui import MenuLink

blueprint = Blueprint("manifest", __name__)
MOST_SHORTCUTS = 4  # more are not shown by any phone
DAY_S = 24 * 3600


@blueprint.get("/manifest.webmanifest")
@public
def manifest_show() -> Response:
    """The manifest in the reader's language; who is signed in gets their own tabs as shortcuts."""
    icons = f"{current_app.jinja_env.globals['static']}icons/"
    links: list[MenuLink] = current_app.extensions["menu"]()
    response = jsonify(
        id="/",
        start_url="/",
        scope="/",
        name="Fieldbook",
        short_name="Fieldbook",
        description=_("Customers, visits and orders, also without signal."),
        lang=html_lang(locale.language()),
        dir="ltr",
        display="standalone",
        background_color="#f3f4f1",  # --paper of static/css/app.css
        theme_color="#ffffff",  # --sheet, the bar
        icons=[
            {"src": f"{icons}app-192.png", "sizes": "192x192", "type": "image/png"},
            {"src": f"{icons}app-512.png", "sizes": "512x512", "type": "image/png"},
            {"src": f"{icons}app-maskable-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
        shortcuts=[{"name": link.label, "url": link.url} for link in links if link.place == "tabs"][:MOST_SHORTCUTS],
    )
    response.mimetype = "application/manifest+json"
    response.cache_control.private = True
    response.cache_control.max_age = DAY_S  # asked for by every page
    return response
