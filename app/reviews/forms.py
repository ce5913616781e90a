"""What a manager and a rep say about a visit."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import InputRequired

from app.reviews.rules import LONGEST_TEXT, STANDING_NAMES, Standing
from app.web.form import Form, required, text


class ReviewForm(Form):
    """What a manager says to a check-in; which of the two is said by the button."""

    kind = RadioField(
        _l("Decision"),
        [InputRequired()],
        choices=[(each.value, STANDING_NAMES[each]) for each in (Standing.ACCEPTED, Standing.QUERIED)],
    )
    text = text(_l("Question or remark"), longest=LONGEST_TEXT)


class AnswerForm(Form):
    """What the rep says to a manager's question."""

    text = text(_l("Your answer"), required, longest=LONGEST_TEXT)
