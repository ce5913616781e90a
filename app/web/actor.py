"""Who is signed in. Flask-Login keeps the session; the identity slice says who that is (`load_people_from`)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from flask import Flask, g
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from app.kernel.access import Actor
from app.kernel.ids import parse_id

REMEMBERED = 30  # seconds that a process believes what it read; a revoked person is out after that everywhere


@dataclass(frozen=True)
class SignedIn(UserMixin):
    """What the session cookie stands for: the actor and the version of his sessions."""

    actor: Actor
    session_version: int

    def get_id(self) -> str:
        return f"{self.actor.id}.{self.session_version}"


Loader = Callable[[UUID], SignedIn | None]
_known: dict[str, tuple[float, SignedIn | None]] = {}  # by what the session says: who, and the version


def load_people_from(app: Flask, loader: Loader) -> None:
    """Use `loader` (person id -> SignedIn, None where there is no such active person) for every request."""
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
            person_id = parse_id(token.partition(".")[0])
            found = loader(person_id) if person_id else None
            if found and found.get_id() != token:  # his sessions were ended since this one began
                found = None
            _known[token] = (time.monotonic() + app.config["ACTOR_CACHE_SECONDS"], found)
        return found


def forget_actors() -> None:
    """Read everybody anew in this process, after people, teams or roles changed."""
    _known.clear()


def sign_in(person: SignedIn) -> None:
    """Start a session of 30 days."""
    login_user(person, remember=False)
    g.pop("actor", None)


def sign_out() -> None:
    """End the session of this browser."""
    logout_user()
    g.pop("actor", None)


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
