"""GET /healthz: for those who watch the installation."""

import tomllib

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.infra.db import db
from app.web.guard import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def health_show() -> tuple[Response, int]:
    """200 with version and schema while the database answers, 503 while it does not."""
    try:
        schema = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError as error:
        return jsonify(version=version(), database="unreachable", error=type(error).__name__), 503
    return jsonify(version=version(), database="ok", engine=db.engine.dialect.name, schema=schema), 200


def version() -> str:
    """The version of this Fieldbook, from pyproject.toml."""
    found: str | None = current_app.extensions.get("version")
    if found is None:
        project = tomllib.loads((current_app.config["ROOT"] / "pyproject.toml").read_text())
        found = current_app.extensions["version"] = str(project["project"]["version"])
    return found
