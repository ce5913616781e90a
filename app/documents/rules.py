"""In which state a document is, and what its file is called."""

import re
import unicodedata
from enum import StrEnum

from app.kernel.i18n import N_

BATCH = "batch"  # the kind of a document that joins others
MOST_PARTS = 500
LONGEST_NAME = 100  # characters; file systems take 255 bytes, and a Chinese character is three

_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


class DocumentState(StrEnum):
    """WAITING: nobody has begun. FAILED: tried and given up; somebody may ask again."""

    WAITING = "waiting"
    AT_WORK = "at_work"
    FAILED = "failed"
    MADE = "made"


STATE_NAMES = {
    DocumentState.WAITING: N_("Waiting for its turn"),
    DocumentState.AT_WORK: N_("Being made"),
    DocumentState.FAILED: N_("Could not be made"),
    DocumentState.MADE: N_("Ready"),
}


def state_of(made: bool, failure: str | None, attempts: int) -> DocumentState:
    """The state, from whether there is a file, why its job ended without one, and how often that was begun."""
    if made:
        return DocumentState.MADE
    if failure is not None:
        return DocumentState.FAILED
    return DocumentState.AT_WORK if attempts else DocumentState.WAITING


def file_name(title: str) -> str:
    """The name of a document's file: its title without what Windows, macOS or Android forbid in names."""
    plain = _NOT_IN_A_NAME.sub(" ", unicodedata.normalize("NFC", title))
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cs"))  # no tricks with direction
    return f"{' '.join(plain.split())[:LONGEST_NAME].strip(' .') or 'document'}.pdf"


def size_text(size: int) -> str:
    """The size of a file (bytes) as people say it: 129 KB, 12.4 MB."""
    kilobytes = size / 1024
    return f"{kilobytes:.0f} KB" if kilobytes < 1000 else f"{kilobytes / 1024:.1f} MB"
