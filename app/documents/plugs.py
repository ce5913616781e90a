"""The kinds of documents that the slices plugged in, and what their pages share."""

import base64
from collections.abc import Iterable

from flask import Flask, current_app

from app.documents.ports import Renderer, Renderers
from app.infra.files import read
from app.web.slice import Slice


def collect(app: Flask, slices: Iterable[Slice]) -> None:
    """Take the renderers out of all manifests, at start-up. RuntimeError where two slices claim one kind."""
    found: dict[str, Renderer] = {}
    for renderer in (plug for each in slices for plug in each.plugs if isinstance(plug, Renderer)):
        if renderer.kind in found:
            raise RuntimeError(f"two renderers of documents of the kind {renderer.kind}")
        found[renderer.kind] = renderer
    app.extensions["renderers"] = found


def renderers() -> Renderers:
    """Kind -> renderer."""
    known: Renderers = current_app.extensions["renderers"]
    return known


def picture_of(digest: str | None) -> str:
    """A stored PNG (a logo) as the data: address that a page to be printed takes; '' for none, or where it was lost."""
    try:
        return f"data:image/png;base64,{base64.b64encode(read(digest)).decode()}" if digest else ""
    except FileNotFoundError:  # no reason to make no document
        return ""
