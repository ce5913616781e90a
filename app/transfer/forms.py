"""What somebody fills in to import a file."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FileField, HiddenField
from wtforms.validators import InputRequired

from app.transfer.rules import LONGEST_NAME
from app.web.form import Form, IdField, line


class ImportForm(Form):
    """A file, what its ids belong to, and whether it is only tried out; `kind` says what its rows are."""

    run_id = IdField(_l("Import"), [InputRequired()])
    kind = HiddenField()
    file = FileField(_l("File"))
    source = line(_l("Source"), longest=LONGEST_NAME)
    dry_run = BooleanField(_l("Try it out first: show what would happen, write nothing"), default=True)


class AgainForm(Form):
    """The same file once more: after a trial for real, or because it failed."""

    run_id = IdField(_l("Import"), [InputRequired()])
    dry_run = HiddenField()
