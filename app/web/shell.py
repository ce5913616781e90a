"""The shell: the static files that every page needs besides its HTML. A page brings the style itself, which saves the
first screen a round trip, unless the phone says that it keeps the shell of this build: then it links the file.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from flask import request
from markupsafe import Markup

KEPT = "Outbox-Shell"  # header of the phone's service worker: the build whose files it keeps
ENVIRON_KEPT = "HTTP_OUTBOX_SHELL"
INLINE = ("app", "basket")  # the style sheets that a first screen waits for
_REMARK = re.compile(r"/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Shell:
    """One build: its hash ('' before the first), and the text of the style sheets that pages may bring themselves."""

    build: str
    styles: dict[str, str]

    @property
    def prefix(self) -> str:
        """Where the addresses of the static files begin."""
        return f"/static/{self.build}/" if self.build else "/static/"

    @property
    def digests(self) -> tuple[str, ...]:
        """What a Content-Security-Policy calls the styles by (CSP 3, hash-source): base64 of their SHA-256."""
        hashes = (hashlib.sha256(text.encode()).digest() for text in self.styles.values())
        return tuple(f"'sha256-{base64.b64encode(each).decode()}'" for each in hashes)

    def is_kept(self) -> bool:
        """Whether whoever asks has the files of this very build."""
        return bool(self.build) and request.environ.get(ENVIRON_KEPT) == self.build

    def style(self, name: str) -> Markup:
        """The element that gives a page `css/<name>.css`; one that brings the text says whose it is, so that a page
        that is drawn into another (static/js/kept.js) brings it once."""
        text, address = self.styles.get(name), f"{self.prefix}css/{name}.css"
        if text is None or self.is_kept():
            return Markup('<link rel="stylesheet" href="{}">').format(address)
        return Markup(f'<style data-href="{address}">{text}</style>')  # noqa: S704 - our own file


def shell_of(built: Path) -> Shell:
    """The build that is served from the folder of built static files."""
    pointer = built / "current.txt"
    if not pointer.exists():
        return Shell("", {})
    build = pointer.read_text().strip()
    return Shell(build, {name: slim((built / build / "css" / f"{name}.css").read_text()) for name in INLINE})


def slim(css: str) -> str:
    """The style sheet without remarks and indents."""
    lines = (line.strip() for line in _REMARK.sub("", css).splitlines())
    return "\n".join(line for line in lines if line)
