"""The pages of the back office: a file comes in, how far it is, what came of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from app.identity.permissions import P
from app.infra import files
from app.infra.db import AnyRow
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.kernel.page import page_number
from app.transfer.actions import Upload, request_import
from app.transfer.encodings import UnreadableError, decode
from app.transfer.forms import AgainForm, ImportForm
from app.transfer.plugs import targets
from app.transfer.ports import Target
from app.transfer.problems import OUTCOMES, SHOWN, problem_path
from app.transfer.queries import get_run, list_runs, permitted
from app.transfer.rules import STATE_NAMES, TONES, RunState, plain_name, read, source_name, state_of
from app.web.actor import current_actor
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("transfer", __name__)


@blueprint.get("/imports")
@needs(P.ACCOUNTS_IMPORT)
def import_index() -> Response:
    found = list_runs(current_actor(), permitted(current_actor(), targets()), page_number(request.args.get("page")))
    return page("transfer/index.html", found=found, state_of=_state, names=STATE_NAMES, tones=TONES)


@blueprint.get("/imports/new")
@needs(P.ACCOUNTS_IMPORT)
def import_new() -> Response:
    mine = permitted(current_actor(), targets())
    return _new(ImportForm(run_id=new_id(), kind=request.args.get("kind", next(iter(mine), ""))))


@blueprint.post("/imports")
@needs(P.ACCOUNTS_IMPORT)
def import_create() -> Response:
    form = ImportForm(request.form)
    target = _target(form.kind.data)
    if form.validate():
        try:
            upload = _take_in(target, form.source.data or "")
        except InvalidError as error:
            form.refuse(error)
        else:
            now = datetime.now(UTC)
            run_id = form.run_id.data or new_id()
            request_import(current_actor(), run_id, target, upload, now, dry_run=form.dry_run.data)
            return goto(url_for("transfer.import_show", run_id=run_id))
    return _new(form, 422)


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> Response:
    """A file beyond what is read at all; so nothing of the form is known either."""
    form = ImportForm(run_id=new_id(), kind=next(iter(permitted(current_actor(), targets())), ""))
    most = current_app.config["MAX_CONTENT_LENGTH"] // 1024**2
    reason = N_("The file is larger than %(most)s MB. Import it in several parts, or on the command line.")
    form.refuse(InvalidError("file", reason, {"most": most}))
    return _new(form, 413)


@blueprint.get("/imports/<uuid:run_id>")
@needs(P.ACCOUNTS_IMPORT)
def import_show(run_id: UUID) -> Response:
    run = get_run(current_actor(), run_id, targets())
    target, state = _target(run.kind), _state(run)
    return page(
        "transfer/show.html",
        "run",
        run=run,
        state=state,
        is_open=state in (RunState.WAITING, RunState.AT_WORK),
        names=STATE_NAMES,
        title=target.title,
        home=url_for(target.home),
        fields=[(_(target.fields[field]), heading) for field, heading in run.fields],
        problems=[{**each, "text": _text(**each)} for each in run.first_problems],
        outcomes=OUTCOMES,
        shown=SHOWN,
        has_file=run.problem_file is not None and problem_path(run.problem_file).is_file(),
        again_form=AgainForm(run_id=new_id()),
    )


@blueprint.post("/imports/<uuid:run_id>/again")
@needs(P.ACCOUNTS_IMPORT)
def again_create(run_id: UUID) -> Response:
    """The same file once more, for real where `dry_run` is empty."""
    actor, form = current_actor(), AgainForm(request.form)
    run = get_run(actor, run_id, targets())
    if run.job_id is None:  # of the command line: the file was never stored
        raise NotFoundError
    upload = Upload(run.file_name, run.source, run.digest, run.fields, run.ignored)
    following = form.run_id.data or new_id()
    request_import(actor, following, _target(run.kind), upload, datetime.now(UTC), dry_run=bool(form.dry_run.data))
    return goto(url_for("transfer.import_show", run_id=following))


@blueprint.get("/imports/<uuid:run_id>/problems.csv")
@needs(P.ACCOUNTS_IMPORT)
def problems_show(run_id: UUID) -> Response:
    """All rows with problems, as a file for Excel."""
    run = get_run(current_actor(), run_id, targets())
    path = problem_path(run.problem_file) if run.problem_file else None
    if path is None or not path.is_file():
        raise NotFoundError
    return send_file(path, mimetype="text/csv", as_attachment=True, download_name=path.name, max_age=0)


def _take_in(target: Target, source: str) -> Upload:
    """Store the uploaded file. InvalidError at `file` where it is none that can be imported."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidError("file", N_("Choose a file first."))
    content = upload.read()
    try:
        intake = target.begin(current_actor(), read(decode(content).text).columns)
    except UnreadableError as error:
        raise InvalidError("file", error.reason, error.params) from None
    name = plain_name(upload.filename)
    return Upload.of(name, source_name(source, name), files.store(content), target, intake)


def _text(reason: str, params: dict[str, Any], **_problem: Any) -> str:
    """What is wrong, in the reader's language."""
    return str(_(reason, **params))


def _target(kind: str | None) -> Target:
    target = permitted(current_actor(), targets()).get(kind or "")
    if target is None:
        raise NotFoundError
    return target


def _state(run: AnyRow) -> RunState:
    return state_of(run.ended_at is not None, run.failure, run.attempts)


def _new(form: ImportForm, status: int = 200) -> Response:
    most = current_app.config["MAX_CONTENT_LENGTH"] // 1024**2
    context: dict[str, Any] = {"form": form, "title": _target(form.kind.data).title, "most": most}
    return page("transfer/new.html", status=status, **context)
