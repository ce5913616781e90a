"""The dashboard: figures of a period as tiles, bars and a table, and the table as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import floor
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.dashboards.choice import BY_REP, BY_TEAM, Choice
from app.dashboards.plugs import measures
from app.dashboards.ports import Measure
from app.dashboards.queries import Board, get_board
from app.dashboards.rules import MOST_DAYS, SPAN_NAMES, Figure, Line, Span, Unit, bars, in_currencies, ranked, trend
from app.identity.permissions import P
from app.kernel.dates import today_in
from app.kernel.money import Money
from app.web.actor import current_actor
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import page
from app.web.sheet import table_file
from app.web.ui import money_text

blueprint = Blueprint("dashboards", __name__)


@blueprint.get("/dashboard")
@needs(P.VISITS_TEAM)
def dashboard_show() -> Response:
    """Whoever looks at people's figures is to be known to them: this view and the export below are the only two."""
    actor, now = current_actor(), datetime.now(UTC)
    choice, plugged = Choice.read(request.args, today_in(actor.zone, now)), measures(actor)
    board = get_board(actor, plugged, choice, now)
    shown = next((each for each in plugged if each.key == choice.show), plugged[0])
    columns = [Heading(shown, figure, choice) for figure in _figures(shown, board)]
    chosen = next((each for each in columns if each.figure.key == choice.figure), columns[0])
    rows = ranked(board.lines, chosen.figure, is_rising=choice.is_rising)
    return page(
        "dashboards/show.html",
        "board",
        choice=choice,
        measures=plugged,
        shown=shown,
        chosen=chosen,
        columns=columns,
        tiles=[
            (heading, heading.text(board.whole), text_of(heading.figure, heading.figure.value(board.whole.before)))
            for measure in plugged
            for heading in (Heading(measure, figure, choice) for figure in _figures(measure, board))
            if heading.figure.is_headline
        ],
        rows=[(rank, line, [each.cell(line) for each in columns], chosen.before(line)) for rank, line in rows],
        whole=([each.cell(board.whole) for each in columns], chosen.before(board.whole)),
        is_empty=not any(board.whole.now.values()) and not any(board.whole.before.values()),
        bars=[(bar, text_of(chosen.figure, bar.value)) for bar in bars([line for _rank, line in rows], chosen.figure)]
        if chosen.figure.has_bars
        else [],
        trend=[(each, text_of(chosen.figure, each.value)) for each in trend(board.by_day, chosen.figure, choice.period)]
        if chosen.figure.is_daily and chosen.figure.has_bars and choice.period.days > 1
        else [],
        teams=board.staff.tree,
        spans=[(translated(name), choice.args(period=choice.spanning(span))) for span, name in SPAN_NAMES.items()],
        definitions=[(measure, _figures(measure, board)) for measure in plugged],
        by_rep=choice.by == BY_REP,
        BY_REP=BY_REP,
        BY_TEAM=BY_TEAM,
        DAYS=Span.DAYS,
        most_days=MOST_DAYS,
    )


@blueprint.get("/dashboard/export")
@needs(P.VISITS_TEAM)
def dashboard_export() -> Response:
    """All figures of all measures, for the period and the one before."""
    actor, now = current_actor(), datetime.now(UTC)
    choice, plugged = Choice.read(request.args, today_in(actor.zone, now)), measures(actor)
    board = get_board(actor, plugged, choice, now)
    figures = [figure for measure in plugged for figure in _figures(measure, board)]
    names = [_heading(measure, figure) for measure in plugged for figure in _figures(measure, board)]
    earlier = [_("%(figure)s, period before", figure=name) for name in names]
    lines = sorted(board.lines, key=lambda line: line.name) if choice.by == BY_REP else board.lines
    period = choice.period
    return table_file(
        request.args.get("as"),
        f"dashboard-{period.first}-{period.last}",
        [_("Name"), _("Team"), _("From"), _("To"), *names, *earlier],
        [
            [
                line.name or _("All together"), line.about, period.first, period.last,
                *(cell_of(figure, figure.value(line.now)) for figure in figures),
                *(cell_of(figure, figure.value(line.before)) for figure in figures),
            ]
            for line in [*lines, board.whole]
        ],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heading:
    """A figure as a column: its name, and the address of the list behind it."""

    measure: Measure
    figure: Figure
    choice: Choice

    @property
    def label(self) -> str:
        """Its name, with the currency where it is money."""
        name = translated(self.figure.label)
        return f"{name} ({self.figure.currency})" if self.figure.currency else name

    def text(self, line: Line) -> str:
        """The value for a reader."""
        return text_of(self.figure, self.figure.value(line.now))

    def before(self, line: Line) -> str:
        """The value of the period before for a reader."""
        return text_of(self.figure, self.figure.value(line.before))

    def address(self, line: Line | None = None) -> str:
        """Where the list behind the value opens; '' for none. Without a line it is that of all who are shown."""
        if self.figure.opens is None:
            return ""
        period = self.choice.period
        who = {line.kind: str(line.id)} if line and line.kind != "all" else {}
        if not who and self.choice.team:
            who = {"team": str(self.choice.team)}
        return f"{self.measure.path}?{urlencode({**self.figure.opens, 'from': period.first, 'to': period.last, **who})}"

    def cell(self, line: Line) -> tuple[str, str]:
        """(text, address) of the value; without an address where there is nothing to open."""
        if line.now.get(self.figure.top or self.figure.key):
            return self.text(line), self.address(line)
        return "–" if self.figure.unit is Unit.MONEY else self.text(line), ""


def _figures(measure: Measure, board: Board) -> Sequence[Figure]:
    return in_currencies(measure.figures, {**board.whole.before, **board.whole.now})


def text_of(figure: Figure, value: float | None) -> str:
    """A value for a reader: 1,234; 87 %; 0.42; 12:05 h, an average 31 min; 09:12; CN¥1,234.50."""
    if value is None:
        return "–"
    if figure.unit is Unit.SHARE:
        return f"{floor(value * 100 + 1e-9)} %"  # 100 is all of it, here as in the lists behind
    if figure.unit is Unit.RATIO:
        return f"{value:,.2f}"
    if figure.unit is Unit.MONEY:
        return money_text(_whole(value), figure.currency)
    if figure.unit is Unit.CLOCK:
        return _clock(value)
    if figure.unit is Unit.MINUTES:
        if figure.below:
            return str(_("%(minutes)s min", minutes=round(value)))
        hours, minutes = divmod(round(value), 60)
        return str(_("%(hours)s h", hours=f"{hours:,}:{minutes:02}"))
    return f"{value:,.0f}"


def cell_of(figure: Figure, value: float | None) -> Any:
    """A value for a spreadsheet: shares in percent, times in minutes, money in major units."""
    if value is None:
        return None
    if figure.unit is Unit.SHARE:
        return round(value * 100, 1)
    if figure.unit is Unit.RATIO:
        return round(value, 4)
    if figure.unit is Unit.MONEY:
        return Money(_whole(value), figure.currency).amount
    if figure.unit is Unit.CLOCK:
        return _clock(value)
    return round(value, 1) if figure.below else Decimal(int(value))


def _heading(measure: Measure, figure: Figure) -> str:
    unit = {Unit.SHARE: "%", Unit.MINUTES: "min", Unit.MONEY: figure.currency}.get(figure.unit, "")
    name = f"{translated(measure.title)}: {translated(figure.label)}"
    return f"{name} ({unit})" if unit else name


def _whole(minor: float) -> int:
    """An average amount in whole minor units, half up as everywhere (kernel.money)."""
    return floor(minor + 0.5)


def _clock(minutes: float) -> str:
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}"
