"""The application, put together from its slices."""

from typing import Any

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from app import cli
from app.accounts.ports import OpenBusiness, plug_open_business
from app.chain.plugs import collect as collect_linked
from app.config import ROOT, Settings, from_environment, secret_of
from app.dashboards.plugs import collect as collect_measures
from app.documents.plugs import collect as collect_renderers
from app.identity.actions import touch_device
from app.identity.plugs import collect as collect_stored
from app.identity.plugs import load_signed_in
from app.identity.rules import COOKIE_LASTS
from app.infra.db import connect_to, db
from app.infra.news import Listener, listen
from app.slices import SLICES
from app.sync.plugs import collect as collect_carried
from app.transfer.plugs import collect as collect_targets
from app.web import actor, answer, errors, guard, locale, panels, session, ui, unit
from app.web.health import blueprint as health
from app.web.manifest import blueprint as manifest
from app.web.shell import Shell, shell_of
from app.web.styleguide import blueprint as styleguide

BUILT = ROOT / "static" / "built"
LARGEST_POST = 12 * 1024 * 1024  # a phone's photo that no script could scale


def create_app(settings: Settings | None = None, **config: Any) -> Flask:
    """The WSGI application. `config` overrides Flask's settings (tests). RuntimeError where a route has no mark."""
    settings = settings or from_environment()
    app = unit.Fieldbook("app", template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(
        DATA=settings.data,
        SETTINGS=settings,
        BUILT=BUILT,
        ROOT=ROOT,
        PUBLIC_URL=settings.public_url,
        SECRET_KEY=secret_of(settings.data),
        SESSION_COOKIE_NAME="fieldbook",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=COOKIE_LASTS,  # who is signed in ends earlier: app.identity.rules.DEVICE_LASTS
        MAX_CONTENT_LENGTH=LARGEST_POST,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
    )
    app.config.update(config)
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # escaped, a Chinese character takes twice the bytes
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    connect_to(app, settings.database_url, settings.data)
    Migrate(app, db, directory=str(ROOT / "migrations"), compare_type=True)
    shell = shell_of(BUILT)
    _start_web(app, settings, shell)
    for each in SLICES:
        for blueprint in each.blueprints:
            app.register_blueprint(blueprint)
        for command in each.commands:
            app.cli.add_command(command)
    app.register_blueprint(health)
    app.register_blueprint(manifest)
    if settings.development:
        app.register_blueprint(styleguide)
    panels.hang(app, SLICES)
    collect_renderers(app, SLICES)
    collect_targets(app, SLICES)
    collect_carried(app, SLICES)
    collect_stored(app, SLICES)
    collect_linked(app, SLICES)
    plug_open_business(plug for each in SLICES for plug in each.plugs if isinstance(plug, OpenBusiness))
    listen(plug for each in SLICES for plug in each.plugs if isinstance(plug, Listener))
    collect_measures(app, SLICES)
    ui.furnish(app, SLICES, shell)
    cli.register(app, SLICES)
    guard.refuse_unmarked(app)
    return app


def _start_web(app: Flask, settings: Settings, shell: Shell) -> None:
    app.session_interface = session.Sessions()
    actor.load_people_from(app, load_signed_in, touch_device)
    locale.speak(app)
    guard.gate(app)
    errors.register(app)
    answer.finish(app, https=settings.https, tiles=settings.tiles, styles=shell.digests)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign] # Flask's documented way to add middleware
        app.wsgi_app, root=BUILT if BUILT.exists() else None, prefix="static/", immutable_file_test=lambda _p, _u: True
    )
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign] # the sender's address
