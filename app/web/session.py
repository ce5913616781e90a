"""The session: Flask's signed cookie, read with each request, so read cheaply; written only when it changed."""

import time

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

BELIEVED = 60  # seconds that a cookie is not verified again after its signature was good
MOST = 2000  # cookies kept in memory, 0.5 KB each


class Sessions(SecureCookieSessionInterface):
    """The signer is made once, and the same cookie is verified once a minute: a tenth of a small answer's work."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None
        self._good: dict[str, tuple[float, SecureCookieSession]] = {}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        sent = request.environ.get("HTTP_COOKIE", "")
        until, known = self._good.get(sent, (0.0, None))
        if known is not None and until > time.monotonic():
            return self.session_class(known)
        session = super().open_session(app, request)
        # What could be changed in place is read anew each time: no request may write into another one's.
        if session and all(isinstance(value, str | int) for value in session.values()):
            if len(self._good) >= MOST:
                self._good.clear()
            self._good[sent] = time.monotonic() + BELIEVED, self.session_class(session)
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.modified:
            super().save_session(app, session, response)
