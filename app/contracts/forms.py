"""Making a contract, and voiding one."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from app.contracts.rules import LONGEST_REASON
from app.kernel.i18n import LANGUAGES
from app.web.form import Form, IdField, line, required


class ContractForm(Form):
    contract_id = IdField()
    language = SelectField(_l("Language of the contract"), choices=list(LANGUAGES.items()))


class VoidForm(Form):
    reason = line(_l("Reason"), required, longest=LONGEST_REASON)
