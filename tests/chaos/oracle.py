"""What was entered, written down outside the browser, and what the database says has become of it.

A `Deed` is one tap. It is `kept` once the phone has acknowledged it: its entry is on the phone's disk. Each has
`effects`, names of facts that it must leave exactly once. A deed whose browser was killed before the acknowledgement
may have left them or not, but not twice.
"""

import io
import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from PIL import Image

# A photo says its number in black and white squares, which survive scaling and JPEG.
COLUMNS, ROWS, SQUARE = 8, 3, 40


@dataclass
class Deed:
    """A tap. `lanes`: the rows that it names, within which order counts; `mark`: a text by which its entry is found."""

    number: int
    what: str
    mark: str
    effects: tuple[str, ...]
    lanes: tuple[str, ...]
    is_photo: bool = False
    kept: bool = False
    key: str = ""
    is_void: bool = False  # never reached the disk: the browser was killed first

    def __str__(self) -> str:
        return f"#{self.number} {self.what} {self.mark}"


@dataclass
class Journal:
    """All deeds of the run, in the order of the taps."""

    deeds: list[Deed] = field(default_factory=list)

    def add(self, what: str, mark: str, effects: tuple[str, ...], lanes: tuple[str, ...], photo: bool = False) -> Deed:
        """Write down a tap that is about to be made."""
        self.deeds.append(Deed(len(self.deeds) + 1, what, mark, effects, lanes, photo))
        return self.deeds[-1]

    def acknowledge(self, words: dict[str, str]) -> None:
        """Count as kept what was seen on the phone or on its way from there: by the entry's key, its words.

        Newest first: a tap that came to nothing and the same one made again have the same words.
        """
        known = {deed.key for deed in self.deeds if deed.kept}
        for deed in reversed(self.deeds):
            key = next((key for key, text in words.items() if key not in known and deed.mark in text), None)
            if key and not deed.kept:
                deed.kept, deed.key, deed.is_void = True, key, False
                known.add(key)

    def strangers(self, words: dict[str, str]) -> list[str]:
        """Entries that are nobody's deed: what becomes of them is not judged, so there must be none."""
        known = {deed.key for deed in self.deeds if deed.kept}
        return [f"{key} {text[:200]}" for key, text in words.items() if key not in known]


def words_of(entries: list[dict[str, Any]]) -> dict[str, str]:
    """By key, the words of the phone's entries."""
    return {entry["key"]: f"{entry['url']} {json.dumps(entry['fields'])}" for entry in entries}


@dataclass
class Verdict:
    """The counts, and what is wrong in words."""

    entries: int = 0
    lost: int = 0
    doubled: int = 0
    misordered: int = 0
    unsure: int = 0
    is_whole: bool = True  # nothing is left on the phone, and every entry is somebody's deed
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"entries={self.entries} lost={self.lost} doubled={self.doubled} misordered={self.misordered}"

    @property
    def is_clean(self) -> bool:
        """Whether every entry arrived once and in order, and none is left."""
        return self.is_whole and not (self.lost or self.doubled or self.misordered)


def judge(deeds: list[Deed], facts: list[str]) -> Verdict:
    """Compare the deeds with the facts, which are names of effects in the order of their insertion."""
    verdict = Verdict(entries=sum(deed.kept for deed in deeds))
    places = defaultdict(list)
    for place, fact in enumerate(facts):
        places[fact].append(place)
    came: list[tuple[Deed, int]] = []
    for deed in deeds:
        found = [places[effect] for effect in deed.effects]
        if any(len(each) > 1 for each in found):
            verdict.doubled += 1
            verdict.problems.append(f"doubled: {deed}: {[len(each) for each in found]} times {deed.effects}")
        if all(found) and not deed.is_void:
            came.append((deed, found[0][0]))
        elif deed.kept:
            verdict.lost += 1
            verdict.problems.append(
                f"lost: {deed}: {[e for e, each in zip(deed.effects, found, strict=True) if not each]}"
            )
        elif any(found) and not deed.is_void:
            verdict.problems.append(f"lost: {deed}: only part of it is there: {deed.effects}")
            verdict.lost += 1
        verdict.unsure += not deed.kept
    _judge_order(came, verdict)
    return verdict


def _judge_order(came: list[tuple[Deed, int]], verdict: Verdict) -> None:
    lanes = defaultdict(list)
    for deed, place in came:
        for lane in deed.lanes:
            lanes[lane].append((deed, place))
    wrong = set()
    for lane, some in lanes.items():
        for i, (first, before) in enumerate(some):
            for second, after in some[i + 1 :]:
                # A text may go before a photo that was taken earlier: that is wanted.
                if after < before and not (first.is_photo and not second.is_photo):
                    wrong.add(second.number)
                    verdict.problems.append(f"misordered in {lane}: {second} came before {first}")
    verdict.misordered = len(wrong)


def read_facts(data: Path, person: UUID, since: int) -> list[str]:
    """The effects that the person's entries left in the database, as names, in the order in which they were written.

    `since`: the last row of the journal before the run. The journal is only added to, within the transaction of the
    effect, so its rows stand in the order of the commits.
    """
    with sqlite3.connect(data / "fieldbook.sqlite") as db:
        rows = db.execute(
            "SELECT event, subject_id, facts FROM journal WHERE rowid > ? AND person_id = ? ORDER BY rowid",
            (since, person.bytes),
        ).fetchall()
        accounts = {UUID(bytes=a): UUID(bytes=b) for a, b in db.execute("SELECT id, account_id FROM visit")}
        notes = {UUID(bytes=a): b for a, b in db.execute("SELECT id, text FROM note")}
        references = {UUID(bytes=a): b for a, b in db.execute("SELECT id, customer_reference FROM sales_order")}
        photos = {str(UUID(bytes=a)): b for a, b in db.execute("SELECT id, digest FROM visit_photo")}
    found = []
    for event, subject_bytes, text in rows:
        subject, facts = UUID(bytes=subject_bytes), json.loads(text)
        account = accounts.get(subject)
        match event:
            case "CheckedIn":
                found.append(f"in {facts['account_id']}")
            case "CheckedOut":
                found.append(f"out {account}")
            case "VisitReported":
                found.append(f"report {account} {facts['outcome']}")
            case "VisitPlanned":
                found.append(f"plan {facts['account_id']} {facts['planned_on']}")
            case "VisitDismissed":
                found.append(f"dismissal {facts['reason']}")
            case "PhotoAdded":
                digest = photos[facts["photo_id"]]
                content = (data / "files" / digest[:2] / digest[2:]).read_bytes()
                found.append(f"photo {number_in(content)}")
            case "NoteAdded":
                found.append(f"note {notes[subject]}")
            case "ContactSaved":
                found.append(f"contact {facts['name']}")
            case "AccountAdded":
                found.append(f"account {facts['name']}")
            case "OrderPlaced":
                found.append(f"order {references[subject]}")
    return found


def last_row(data: Path) -> int:
    """The last row of the journal."""
    with sqlite3.connect(data / "fieldbook.sqlite") as db:
        row: int = db.execute("SELECT coalesce(max(rowid), 0) FROM journal").fetchone()[0]
        return row


def photo_of(number: int) -> bytes:
    """A JPEG that says its number."""
    image = Image.new("L", (COLUMNS * SQUARE, ROWS * SQUARE), 128)
    for place in range(COLUMNS * ROWS):
        x, y = place % COLUMNS * SQUARE, place // COLUMNS * SQUARE
        image.paste(235 if number >> place & 1 else 20, (x, y, x + SQUARE, y + SQUARE))
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def number_in(content: bytes) -> int:
    """What `photo_of` wrote into a picture, whatever it was scaled to."""
    with Image.open(io.BytesIO(content)) as image:
        grey = image.convert("L").resize((COLUMNS, ROWS), Image.Resampling.BOX)
        return sum(1 << place for place, value in enumerate(grey.tobytes()) if value > 128)
