"""The administrator's pages: people, teams, roles, the company."""

from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.identity.actions import revoke_device
from app.identity.admin_forms import (
    CompanyForm,
    LogoForm,
    NewPersonForm,
    PersonForm,
    ResetForm,
    TeamForm,
    role_choices,
    team_choices,
)
from app.identity.administration import (
    add_person,
    change_company,
    change_person,
    get_person,
    get_team,
    reset_password,
    save_team,
    set_active,
    set_logo,
)
from app.identity.permissions import REACH_WORDS, ROLES, WORDS, P
from app.identity.queries import count_by_role, count_by_team, find_tree, get_company, list_devices, list_people
from app.identity.rules import SHORTEST_PASSWORD, in_order
from app.infra import files
from app.kernel.errors import InvalidError, NotFoundError, StaleError
from app.kernel.ids import parse_id
from app.kernel.page import page_number
from app.web.actor import current_actor, current_device, forget_actors
from app.web.conflict import stale
from app.web.form import int_or_none, strip
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.panels import shown_in

blueprint = Blueprint("administration", __name__)
F = TypeVar("F", bound=PersonForm)


# --- People ----------------------------------------------------------------------------------------------------------


@blueprint.get("/people")
@needs(P.PEOPLE_MANAGE)
def person_index() -> Response:
    actor, wanted = current_actor(), request.args
    role, team_id, closed = wanted.get("role", ""), parse_id(wanted.get("team")), "closed" in wanted
    role = role if role in ROLES else ""
    text = (strip(wanted.get("q")) or "")[:200]
    return page(
        "identity/people.html",
        "people_list",
        people=list_people(actor, text, role, team_id, page_number(wanted.get("page")), closed=closed),
        roles=dict(role_choices()),
        teams=team_choices(in_order(find_tree(actor))),
        text=text,
        role=role,
        team=str(team_id or ""),
        closed=closed,
    )


@blueprint.get("/people/new")
@needs(P.PEOPLE_MANAGE)
def person_new() -> Response:
    company = get_company()
    form = NewPersonForm(zone=company.zone, language=company.language, role="rep", discount_limit="0")
    return _new_person(form)


@blueprint.post("/people")
@needs(P.PEOPLE_MANAGE)
def person_create() -> Response:
    form = _with_teams(NewPersonForm(request.form))
    if form.validate():
        try:
            person = add_person(current_actor(), form.to_input(), form.password.data or "", datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            forget_actors()
            flash(_("%(name)s can sign in now, with the password that you wrote.", name=person.name), "success")
            return goto(url_for("administration.person_index"))
    return _new_person(form, status=422)


@blueprint.get("/people/<uuid:person_id>")
@needs(P.PEOPLE_MANAGE)
def person_edit(person_id: UUID) -> Response:
    return _person(person_id)


@blueprint.post("/people/<uuid:person_id>")
@needs(P.PEOPLE_MANAGE)
def person_update(person_id: UUID) -> Response:
    form = _with_teams(PersonForm(request.form))
    get_person(current_actor(), person_id)
    if form.validate():
        try:
            change_person(current_actor(), person_id, form.to_input(), int_or_none("version"), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, _person_form(person_id), url_for("administration.person_edit", person_id=person_id))
        else:
            return _changed(_("The changes are saved."), url_for("administration.person_index"))
    return _person(person_id, form, status=422)


@blueprint.post("/people/<uuid:person_id>/password")
@needs(P.PEOPLE_MANAGE)
def person_password(person_id: UUID) -> Response:
    reset = ResetForm(request.form)
    get_person(current_actor(), person_id)
    if reset.validate():
        try:
            reset_password(current_actor(), person_id, reset.password.data or "", datetime.now(UTC))
        except InvalidError as error:
            reset.refuse(error)
        else:
            return _changed(
                _("The password is changed. All devices of this person are signed out."), _address(person_id)
            )
    return _person(person_id, reset=reset, status=422)


@blueprint.post("/people/<uuid:person_id>/close")
@needs(P.PEOPLE_MANAGE)
def person_close(person_id: UUID) -> Response:
    set_active(current_actor(), person_id, False, datetime.now(UTC))
    return _changed(_("The sign-in is closed. What this person did stays."), _address(person_id))


@blueprint.post("/people/<uuid:person_id>/reopen")
@needs(P.PEOPLE_MANAGE)
def person_reopen(person_id: UUID) -> Response:
    set_active(current_actor(), person_id, True, datetime.now(UTC))
    return _changed(_("The sign-in is open again."), _address(person_id))


@blueprint.post("/people/<uuid:person_id>/devices/<uuid:device_id>/revocation")
@needs(P.PEOPLE_MANAGE)
def person_device_revoke(person_id: UUID, device_id: UUID) -> Response:
    revoke_device(current_actor(), person_id, device_id, current_device(), datetime.now(UTC))
    return _changed(_("The device is taken away. It is wiped at its next contact."), _address(person_id))


def _new_person(form: NewPersonForm, status: int = 200) -> Response:
    return page(
        "identity/people_form.html", status=status, form=_with_teams(form), person=None, shortest=SHORTEST_PASSWORD
    )


def _person(
    person_id: UUID, form: PersonForm | None = None, reset: ResetForm | None = None, status: int = 200
) -> Response:
    person = get_person(current_actor(), person_id)
    return page(
        "identity/people_form.html",
        status=status,
        form=form or _person_form(person_id),
        reset=reset or ResetForm(),
        person=person,
        version=int_or_none("version") if form else person.version,
        is_self=person.id == current_actor().id,
        devices=list_devices(current_actor(), person_id, datetime.now(UTC)),
        here=current_device(),
        shortest=SHORTEST_PASSWORD,
    )


def _person_form(person_id: UUID) -> PersonForm:
    return _with_teams(PersonForm.of(get_person(current_actor(), person_id)))


def _with_teams(form: F) -> F:
    form.team_id.choices = team_choices(in_order(find_tree(current_actor())))
    return form


def _changed(text: str, address: str) -> Response:
    """Who may do what has changed: forget what this process knows, say so and go there."""
    forget_actors()
    flash(text, "success")
    return goto(address)


def _address(person_id: UUID) -> str:
    return url_for("administration.person_edit", person_id=person_id)


# --- Teams and roles -------------------------------------------------------------------------------------------------


@blueprint.get("/teams")
@needs(P.PEOPLE_MANAGE)
def team_index() -> Response:
    actor = current_actor()
    return page("identity/teams.html", tree=find_tree(actor), people=count_by_team(actor))


@blueprint.get("/teams/new")
@needs(P.PEOPLE_MANAGE)
def team_new() -> Response:
    return _team(TeamForm(zone=get_company().zone, parent_id=request.args.get("below", "")))


@blueprint.post("/teams")
@needs(P.PEOPLE_MANAGE)
def team_create() -> Response:
    return _save_team(None)


@blueprint.get("/teams/<uuid:team_id>")
@needs(P.PEOPLE_MANAGE)
def team_edit(team_id: UUID) -> Response:
    return _team(_team_form(team_id), team_id, get_team(current_actor(), team_id).version)


@blueprint.post("/teams/<uuid:team_id>")
@needs(P.PEOPLE_MANAGE)
def team_update(team_id: UUID) -> Response:
    return _save_team(team_id)


@blueprint.get("/roles")
@needs(P.PEOPLE_MANAGE)
def role_index() -> Response:
    return page(
        "identity/roles.html", roles=ROLES, words=WORDS, reaches=REACH_WORDS, people=count_by_role(current_actor())
    )


def _save_team(team_id: UUID | None) -> Response:
    actor, form, version = current_actor(), TeamForm(request.form), int_or_none("version")
    if team_id is not None:
        get_team(actor, team_id)
    form.parent_id.choices = _parents(None)  # what closes a circle is refused by the rule, which says why
    if form.validate():
        try:
            save_team(actor, team_id, form.name.data or "", form.parent, form.zone.data, version, datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            back = url_for("administration.team_edit", team_id=team_id) if team_id else ""
            return stale(form, _team_form(team_id) if team_id else form, back)
        else:
            return _changed(_("The team is saved."), url_for("administration.team_index"))
    return _team(form, team_id, version, status=422)


def _team_form(team_id: UUID) -> TeamForm:
    team = get_team(current_actor(), team_id)
    form = TeamForm(obj=team)
    form.parent_id.data = str(team.parent_id or "")
    form.parent_id.choices = _parents(team_id)
    return form


def _team(form: TeamForm, team_id: UUID | None = None, version: int | None = None, status: int = 200) -> Response:
    form.parent_id.choices = _parents(team_id)
    return page("identity/teams_form.html", status=status, form=form, team_id=team_id, version=version)


def _parents(team_id: UUID | None) -> list[tuple[str, str]]:
    """Where a team may belong: at the top, or below any team but itself and those below it."""
    return [
        ("", _("No other team: it stands at the top")),
        *team_choices(in_order(find_tree(current_actor(), team_id))),
    ]


# --- The company -----------------------------------------------------------------------------------------------------


@blueprint.get("/company")
@needs(P.COMPANY_MANAGE)
def company_edit() -> Response:
    return _company()


@blueprint.post("/company")
@needs(P.COMPANY_MANAGE)
def company_update() -> Response:
    form = CompanyForm(request.form)
    if form.validate():
        try:
            change_company(current_actor(), form.to_input(), int_or_none("version"), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, CompanyForm(obj=get_company()), url_for("administration.company_edit"))
        else:
            flash(_("The changes are saved."), "success")
            return goto(url_for("administration.company_edit"))
    return _company(form, status=422)


@blueprint.post("/company/logo")
@needs(P.COMPANY_MANAGE)
def logo_update() -> Response:
    """A new logo, or none where the form asks for its removal."""
    picture = request.files.get("logo")
    content = picture.stream.read() if picture else b""
    logo = LogoForm()
    if content or "remove" in request.form:
        try:
            set_logo(current_actor(), None if "remove" in request.form else content, datetime.now(UTC))
        except InvalidError as error:
            logo.refuse(error)
        else:
            flash(_("The logo is taken away.") if "remove" in request.form else _("The logo is saved."), "success")
            return goto(url_for("administration.company_edit"))
    else:
        logo.logo.errors = [_("Choose a picture first.")]
    return _company(logo=logo, status=422)


@blueprint.get("/company/logo")
@needs(P.PROFILE_OWN)
def logo_show() -> BaseResponse:
    """The PNG. Its ETag is its content's SHA-256; under the address with that in it, it never changes."""
    digest = get_company().logo
    if digest is None:
        raise NotFoundError
    try:
        response = make_response(files.read(digest))
    except FileNotFoundError:  # a database that was brought back without its files
        raise NotFoundError from None
    response.mimetype = "image/png"
    response.set_etag(digest)
    if request.args.get("v") == digest:
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response.make_conditional(request)


def _company(form: CompanyForm | None = None, logo: LogoForm | None = None, status: int = 200) -> Response:
    company = get_company()
    return page(
        "identity/company.html",
        status=status,
        form=form or CompanyForm(obj=company),
        logo=logo or LogoForm(),
        digest=company.logo,
        version=int_or_none("version") if form else company.version,
        panels=shown_in("company", current_actor(), company.id),
    )
