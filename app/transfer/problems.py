"""The file of the rows that need a look: FIELDBOOK_DATA/imports/<file>-<time>.csv, made for Excel."""

import csv
from pathlib import Path
from typing import Any, TextIO

from flask import current_app
from flask_babel import gettext

from app.kernel.i18n import N_
from app.kernel.text import harmless
from app.transfer.rules import Row, RowProblem

SHOWN = 50  # problems that the page of a run shows; the file has them all
HEADINGS = (N_("Line"), N_("Column"), N_("What happened"), N_("Reason"))
OUTCOMES = {True: N_("Not taken"), False: N_("Taken, except for this")}
"""Whether the row was rejected -> what happened to it."""


def problem_path(name: str) -> Path:
    """Where the file of that name lies; names come from `rules.problem_file_name`."""
    path: Path = current_app.config["DATA"] / "imports" / name
    return path


class ProblemFile:
    """Takes problems with their rows, in the language of the moment; without any there is no file.

    UTF-8 with a byte order mark, which Excel needs; no cell is a formula. It appears under its name when it is whole.
    """

    def __init__(self, name: str, headings: tuple[str, ...]) -> None:
        self.name, self.count = name, 0
        self.first: list[dict[str, Any]] = []
        self._headings = headings
        self._file: TextIO | None = None

    def tell(self, row: Row, problem: RowProblem, *, is_rejected: bool) -> None:
        """One problem of a row; `is_rejected`: because of it the row was not taken."""
        if self._file is None:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8-sig", newline="")
            self._write([*map(gettext, HEADINGS), *self._headings])
        reason = gettext(problem.reason, **problem.params)
        self._write([str(problem.line), problem.column or "", gettext(OUTCOMES[is_rejected]), reason, *row.cells])
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(
                {
                    "line": problem.line, "column": problem.column, "reason": problem.reason,
                    "params": dict(problem.params), "is_rejected": is_rejected,
                }
            )  # fmt: skip

    def keep(self) -> str | None:
        """Finish the file. Its name, None where there were no problems."""
        if self._file is None:
            return None
        self._file.close()
        self._part.replace(problem_path(self.name))
        return self.name

    @property
    def _part(self) -> Path:
        return problem_path(f"{self.name}.part")

    def _write(self, cells: list[str]) -> None:
        csv.writer(self._file).writerow(map(harmless, cells))  # type: ignore[arg-type] # it is open by now
