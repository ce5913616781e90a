"""Who is signed in. Flask-Login keeps the session; the identity slice says who that is (`load_people_from`)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from flask import Flask, Response, current_app, g, has_request_context, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from app.infra.db import transact
from app.kernel.access import Actor
from app.kernel.ids import parse_id

REMEMBERED = 30  # seconds that a process believes what it read; a revoked device is out after that everywhere
MOST = 2000  # sessions kept in memory, 1 KB each
WIPE = '"cache", "storage"'  # all that a browser keeps of us but cookies
WORKERS = ("Outbox-Shell", "Outbox-Person")  # headers of the phone's service worker
_TAKEN = "taken_away"  # in the session, which nobody else can write: until the next sign-in


@dataclass(frozen=True)
class SignedIn(UserMixin):
    """What the session cookie stands for: the actor, the version of his sessions, and the device that it is on.

    `touch_from`: the moment (UTC) from which the device's next contact is worth noting.
    """

    actor: Actor
    session_version: int
    device_id: UUID
    touch_from: datetime

    def get_id(self) -> str:
        return f"{self.actor.id}.{self.session_version}.{self.device_id}"


class Revoked:
    """The device was taken away: nobody is signed in, and whatever the browser keeps of us is to be wiped."""


Found = SignedIn | Revoked | None
Loader = Callable[[UUID, UUID], Found]
Touch = Callable[[UUID, datetime], None]
_known: dict[str, tuple[float, Found]] = {}  # by what the session says: who, the version, and the device


def load_people_from(app: Flask, loader: Loader, touch: Touch) -> None:
    """Use `loader` (person id, device id -> SignedIn, Revoked, or None where they do not belong together, or no longer)
    for every request, and `touch` (device id, now) to note a contact."""
    login_manager = LoginManager(app, add_context_processor=False)
    # Phones change their address all day; what ends a session is its version.
    login_manager.session_protection = None  # type: ignore[assignment] # flask_login types it by its default
    # So nobody compares this either; yet it is computed for each request, as a hash of the browser's name.
    login_manager._session_identifier_generator = str
    app.config.setdefault("ACTOR_CACHE_SECONDS", REMEMBERED)

    @login_manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> SignedIn | None:
        until, found = _known.get(token, (0.0, None))
        if until < time.monotonic():
            person_id, _, rest = token.partition(".")
            person, device = parse_id(person_id), parse_id(rest.partition(".")[2])
            found = loader(person, device) if person and device else None
            if isinstance(found, SignedIn) and found.get_id() != token:  # his sessions were ended since this one began
                found = None
            if len(_known) >= MOST:
                _known.clear()
            _known[token] = (time.monotonic() + app.config["ACTOR_CACHE_SECONDS"], found)
        if isinstance(found, Revoked):
            g.wipe = True
            return None
        return found

    @app.after_request
    def tell(response: Response) -> Response:
        if g.get("wipe"):  # whoever signs in with a device that was taken away begins with an empty one
            response = _wiped(response)
            if find_current_actor() is None:  # it is nobody's device any more, and remembers only why
                session.clear()
                session.permanent = session[_TAKEN] = True
        elif _TAKEN in session and "Outbox-Person" in request.headers:  # it still has something to send
            response = _wiped(response)
        if g.get("forget"):  # meanwhile a request beside this one may have read what was true before the commit
            _known.clear()
        return response

    app.extensions["touch"] = touch


def _wiped(response: Response) -> Response:
    """The answer to a device that was taken away. Our service worker empties it itself, and reads no header of a
    redirect; Clear-Site-Data would end it while pages wait for its answers."""
    if any(name in request.headers for name in WORKERS):
        return Response(status=401, headers={"Outbox-Wipe": "1"})
    response.headers["Clear-Site-Data"] = WIPE
    return response


def forget_actors() -> None:
    """Read everybody anew in this process, after people, teams, roles or devices changed."""
    _known.clear()
    if has_request_context():
        g.forget = True


def sign_in(person: SignedIn) -> None:
    """Start a session; the device says for how long."""
    login_user(person, remember=False)
    g.pop("actor", None)


def stay_signed_in(session_version: int) -> None:
    """Go on in this browser after all sessions of the person were ended by another version."""
    sign_in(replace(current_user._get_current_object(), session_version=session_version))


def sign_out() -> None:
    """End the session of this browser, and believe no copy of its cookie."""
    logout_user()
    g.pop("actor", None)
    forget_actors()


def was_taken_away() -> bool:
    """Whether this request comes from a device that was taken away, in which nobody has signed in since."""
    return find_current_actor() is None and ("wipe" in g or _TAKEN in session)


def ask_again() -> None:
    """Let the rest of this request find out anew from the session who is signed in."""
    g.pop("_login_user", None)  # where flask_login keeps it
    g.pop("actor", None)


def note_contact() -> None:
    """Note that the device of this request was here, at most once an hour. Joins the transaction around it, else makes
    one where there is something to note."""
    person, now = current_user._get_current_object(), datetime.now(UTC)
    if person.is_authenticated and person.touch_from <= now:
        transact(lambda: current_app.extensions["touch"](person.device_id, now))


def find_current_actor() -> Actor | None:
    """The actor of this request, None where nobody is signed in. Asked by nearly everything, so looked up once."""
    found: Actor | None = g.get("actor")
    if found is None:
        person = current_user._get_current_object()  # without the proxy, which would look it up twice
        if person.is_authenticated:
            found = g.actor = person.actor
    return found


def current_actor() -> Actor:
    """The actor of this request; only behind the gate."""
    return cast(Actor, find_current_actor())


def find_current_device() -> UUID | None:
    """The device that this request comes from, None where nobody is signed in."""
    person = current_user._get_current_object()
    return person.device_id if person.is_authenticated else None


def current_device() -> UUID:
    """The device that this request comes from; only behind the gate."""
    return cast(UUID, find_current_device())
