"""Questions: what a manager wants to know of each visit, by account class; answered by the rep, also without signal."""

from app.identity.permissions import P
from app.kernel.i18n import N_
from app.questions import board, taking, views
from app.web.slice import MenuItem, Panel, Slice

SLICE = Slice(
    name="questions",
    blueprints=(views.blueprint, taking.blueprint, board.blueprint),
    menu=(
        MenuItem(N_("Questions"), "questions.question_index", "questions", P.QUESTIONS_MANAGE, "more", N_("Team"), 6),
    ),
    panels=(
        Panel("visit_task", 10, P.VISITS_READ, "questions/panel.html", taking.at_visit),
        Panel("kept_visit", 10, P.VISITS_WRITE, "questions/panel.html", taking.at_kept_visit),
    ),
)
