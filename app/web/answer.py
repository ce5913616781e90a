"""What every answer gets on its way out: the headers of the house, and compression where the browser takes it."""

import gzip
import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import brotli  # type: ignore[import-untyped]
from backports import zstd
from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from app.web.shell import ENVIRON_KEPT, KEPT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LEAST = 1200  # bytes that are worth compressing: less goes in one packet anyway
CHEAPEST = ("zstd", "br", "gzip")  # first; zstd takes 35 us for a page, the others four times that (FINDINGS 2)
SMALLEST = ("br", "zstd", "gzip")  # first: a fifth less for the phone's service worker, whose rep stands in a cellar
MIMETYPES = {"text/html", "application/json", "text/csv"}
_of_thread = threading.local()


def finish(app: Flask, *, https: bool, tiles: str, styles: Iterable[str]) -> None:
    """Complete every answer of the application; static files go past it (WhiteNoise has compressed them).

    `tiles`: the URL template of the tile server, the only foreign address that pages may load from; '' for none.
    `styles`: what the policy calls the styles that pages bring themselves.
    """
    usual = [("Content-Security-Policy", content_policy(tiles, styles)), ("Cache-Control", "private, no-cache")]
    always = [
        ("Vary", f"Cookie, HX-Request, {KEPT}, Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    if https:
        always.append(("Strict-Transport-Security", "max-age=31536000"))

    inner = app.wsgi_app

    def with_headers(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            said = {name for name, _value in headers}
            headers += [each for each in usual if each[0] not in said]
            headers += always
            return start_response(status, headers, exc_info)

        return inner(environ, start)

    app.wsgi_app = with_headers  # type: ignore[method-assign] # Flask's documented way to add middleware

    @app.after_request
    def compress(response: Response) -> Response:
        if response.is_streamed or (response.content_length or 0) < LEAST or response.mimetype not in MIMETYPES:
            return response
        codings = SMALLEST if ENVIRON_KEPT in request.environ else CHEAPEST
        coding = coding_for(request.headers.get("Accept-Encoding", ""), codings)
        if coding:
            response.set_data(packed(response.get_data(), coding))
            response.headers["Content-Encoding"] = coding
        return response


@lru_cache(maxsize=256)  # browsers send the same few
def coding_for(accepted: str, codings: tuple[str, ...] = CHEAPEST) -> str | None:
    """The first of the codings that a browser with this Accept-Encoding takes; None where it takes none."""
    wanted = parse_accept_header(accepted, Accept)
    return next((coding for coding in codings if wanted.quality(coding) > 0), None)


def packed(content: bytes, coding: str) -> bytes:
    """The content in one of the codings."""
    if coding == "br":
        return bytes(brotli.compress(content, quality=7))  # 200 us for 13 KB; 4 takes 130 and gives a sixth more
    if coding == "gzip":
        return gzip.compress(content, 6)
    if not hasattr(_of_thread, "zstd"):  # making a compressor takes three times as long as compressing a page
        _of_thread.zstd = zstd.ZstdCompressor(level=3)
    return bytes(_of_thread.zstd.compress(content, zstd.ZstdCompressor.FLUSH_FRAME))


def content_policy(tiles: str, styles: Iterable[str]) -> str:
    """Nothing inline but our own styles, nothing from elsewhere but the tiles that the installation chose."""
    parts = tiles.replace("{s}", "*").split("/")
    own = " ".join(("'self'", *styles))
    host = f" {parts[0]}//{parts[2]}" if len(parts) > 2 else ""
    return (
        "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; object-src 'self'; "
        f"img-src 'self' blob: data:{host}; style-src {own}"
    )
