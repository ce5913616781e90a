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

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SMALLEST = 1200  # bytes that are worth compressing: less goes in one packet anyway
CODINGS = ("zstd", "br", "gzip")  # the cheapest first: 35, 154 and 134 us for a page (FINDINGS 2)
MIMETYPES = {"text/html", "application/json", "text/csv"}
_of_thread = threading.local()


def finish(app: Flask, *, https: bool, tiles: str) -> None:
    """Complete every answer of the application; static files go past it (WhiteNoise has compressed them).

    `tiles`: the URL template of the tile server, the only foreign address that pages may load from; '' for none.
    """
    usual = [("Content-Security-Policy", content_policy(tiles)), ("Cache-Control", "private, no-cache")]
    always = [
        ("Vary", "Cookie, HX-Request, Accept-Encoding"),
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
        if response.is_streamed or (response.content_length or 0) < SMALLEST or response.mimetype not in MIMETYPES:
            return response
        coding = coding_for(request.headers.get("Accept-Encoding", ""))
        if coding:
            response.set_data(packed(response.get_data(), coding))
            response.headers["Content-Encoding"] = coding
        return response


@lru_cache(maxsize=256)  # browsers send the same few
def coding_for(accepted: str) -> str | None:
    """How to compress for a browser with this Accept-Encoding; None where it takes nothing that we have."""
    wanted = parse_accept_header(accepted, Accept)
    return next((coding for coding in CODINGS if wanted.quality(coding) > 0), None)


def packed(content: bytes, coding: str) -> bytes:
    """The content in one of CODINGS."""
    if coding == "br":
        return bytes(brotli.compress(content, quality=4))
    if coding == "gzip":
        return gzip.compress(content, 6)
    if not hasattr(_of_thread, "zstd"):  # making a compressor takes three times as long as compressing a page
        _of_thread.zstd = zstd.ZstdCompressor(level=3)
    return bytes(_of_thread.zstd.compress(content, zstd.ZstdCompressor.FLUSH_FRAME))


def content_policy(tiles: str) -> str:
    """Nothing inline, nothing from elsewhere but the tiles that the installation chose."""
    parts = tiles.replace("{s}", "*").split("/")
    host = f" {parts[0]}//{parts[2]}" if len(parts) > 2 else ""
    return (
        "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; object-src 'self'; "
        f"img-src 'self' blob: data:{host}"
    )
