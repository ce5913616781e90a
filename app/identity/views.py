"""Signing in and out, the page "more", one's own settings and devices."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, current_app, flash, make_response, redirect, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity.actions import (
    authenticate,
    begin_device,
    change_own_password,
    change_own_profile,
    end_device,
    revoke_device,
)
from app.identity.forms import PasswordForm, ProfileForm, SignInForm
from app.identity.permissions import P
from app.identity.queries import actor_of, find_company, get_self, list_devices
from app.identity.rules import SEEN_EVERY
from app.kernel.errors import InvalidError
from app.kernel.i18n import LANGUAGES
from app.kernel.ids import parse_id
from app.web.actor import (
    WIPE,
    SignedIn,
    current_actor,
    current_device,
    find_current_actor,
    find_current_device,
    forget_actors,
    sign_in,
    sign_out,
    stay_signed_in,
    was_taken_away,
)
from app.web.form import int_or_none
from app.web.guard import needs, public
from app.web.htmx import goto, page
from app.web.locale import COOKIE
from app.web.ui import home
from app.web.unit import keep_anyway

blueprint = Blueprint("identity", __name__)


@blueprint.get("/")
@needs(P.PROFILE_OWN)
def home_show() -> Response:
    """The start: the rep's day, the manager's team, the office's contracts."""
    return redirect(home())


@blueprint.get("/sign-in")
@public
def sign_in_new() -> Response:
    if find_current_actor():
        return redirect("/")
    return _sign_in(SignInForm())


@blueprint.post("/sign-in")
@public
def sign_in_create() -> Response:
    form, now = SignInForm(request.form), datetime.now(UTC)
    person, status = None, 422
    if form.validate():
        try:
            person = authenticate(form.email.data or "", form.password.data or "", _address(), now)
            if person is None:
                form.form_errors.append(_("E-mail or password is wrong."))
        except InvalidError as error:
            form.refuse(error)
            status = 429
    if person is None:
        keep_anyway()
        return _sign_in(form, status)
    actor, before = actor_of(person), (find_current_actor(), find_current_device())
    device = begin_device(actor, parse_id(request.form.get("once")), request.headers.get("User-Agent", ""), now)
    if before[0] and before[1] and before[1] != device.id:
        end_device(before[0], before[1], now)  # its cookie is replaced by this one; a copy of it counts no more
        forget_actors()
    session.clear()  # nothing of whoever used this browser before
    session.permanent = True
    sign_in(SignedIn(actor, person.session_version, device.id, device.seen_at + SEEN_EVERY))
    return redirect(_next(), code=303)


@blueprint.post("/sign-out")
@needs(P.PROFILE_OWN)
def sign_out_create() -> Response:
    """End this device. `keep` 0, which only a script says that has looked: nothing waits there to be sent, so all that
    the phone keeps goes. Else it stays until the same person signs in again."""
    end_device(current_actor(), current_device(), datetime.now(UTC))
    sign_out()
    session.clear()
    response = redirect(url_for("identity.sign_in_new"), code=303)
    response.headers["Clear-Site-Data"] = WIPE if request.form.get("keep") == "0" else '"cache"'
    return response


@blueprint.post("/language")
@public
def language_update() -> Response:
    """Choose the language of the sign-in page; whoever is signed in changes it in the settings."""
    chosen = request.form.get("language", "")
    response = make_response(redirect(_next(), code=303))
    if chosen in LANGUAGES:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(COOKIE, chosen, max_age=365 * 24 * 3600, secure=secure, httponly=True, samesite="Lax")
    return response


@blueprint.get("/more")
@needs(P.PROFILE_OWN)
def more_index() -> Response:
    return page("more.html")


@blueprint.get("/settings")
@needs(P.PROFILE_OWN)
def profile_edit() -> Response:
    person = get_self(current_actor())
    return page("identity/profile.html", form=ProfileForm(obj=person), version=person.version)


@blueprint.post("/settings")
@needs(P.PROFILE_OWN)
def profile_update() -> Response:
    form, version = ProfileForm(request.form), int_or_none("version")
    if form.validate():
        try:
            change_own_profile(current_actor(), form.to_input(), version, datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            forget_actors()
            flash(_("Your settings are saved."), "success")
            return goto(url_for("identity.profile_edit"))
    return page("identity/profile.html", status=422, form=form, version=version)


@blueprint.get("/settings/password")
@needs(P.PROFILE_OWN)
def password_edit() -> Response:
    return page("identity/password.html", form=PasswordForm())


@blueprint.post("/settings/password")
@needs(P.PROFILE_OWN)
def password_update() -> Response:
    form = PasswordForm(request.form)
    if form.validate():
        try:
            person = change_own_password(
                current_actor(),
                form.current.data or "",
                form.password.data or "",
                _address(),
                current_device(),
                datetime.now(UTC),
            )
        except InvalidError as error:
            keep_anyway()
            form.refuse(error)
        else:
            forget_actors()
            stay_signed_in(person.session_version)
            flash(_("Your password is changed. Other devices are signed out."), "success")
            return goto(url_for("identity.profile_edit"))
    return page("identity/password.html", status=422, form=form)


@blueprint.get("/settings/devices")
@needs(P.PROFILE_OWN)
def device_index() -> Response:
    actor = current_actor()
    devices = list_devices(actor, actor.person_id, datetime.now(UTC))
    return page("identity/devices.html", devices=devices, here=current_device())


@blueprint.post("/settings/devices/<uuid:device_id>/revocation")
@needs(P.PROFILE_OWN)
def device_revoke(device_id: UUID) -> Response:
    actor = current_actor()
    revoke_device(actor, actor.person_id, device_id, current_device(), datetime.now(UTC))
    forget_actors()
    flash(_("The device is taken away. It is wiped at its next contact."), "success")
    return goto(url_for("identity.device_index"))


def _sign_in(form: SignInForm, status: int = 200) -> Response:
    return page(
        "identity/sign_in.html",
        status=status,
        form=form,
        company=find_company(),
        next=_next(),
        taken_away=was_taken_away(),
    )


def _next() -> str:
    """Where to go after signing in: a path of ours, never an address elsewhere."""
    wanted = request.values.get("next", "")
    # Browsers read a backslash as a slash and drop tabs and line breaks: "/<tab>/elsewhere" would be "//elsewhere".
    plain = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if plain else "/"


def _address() -> str:
    """Whose failures are counted. Behind a proxy all would come from the proxy, and sixty wrong passwords of anybody
    would close sign-in for everybody: there it is what the proxy tells, its own (the last) word in X-Forwarded-For."""
    settings = current_app.config["SETTINGS"]
    is_proxied = settings.public_url and not settings.tls_cert
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if is_proxied else ""
    return told[:45] or request.remote_addr or ""
