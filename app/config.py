"""Settings: everything comes from the environment, once, here."""

import os
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class SettingsError(SystemExit):
    """The environment asks for what cannot be. Where nobody catches it, Python prints its text and ends with 1."""


@dataclass(frozen=True)
class Settings:
    """What an installation decides. `data` holds the SQLite file, files, imports and the secret."""

    data: Path
    database_url: str
    public_url: str  # FIELDBOOK_URL without a trailing slash, '' where not given
    host: str
    port: int
    tls_cert: str
    tls_key: str
    tiles: str  # URL template of a tile server, '' for none
    tiles_attribution: str
    tiles_datum: str  # wgs84, or gcj02 for the tile servers of mainland China
    development: bool
    roads_url: str = ""  # of an OSRM server, without a trailing slash

    @property
    def https(self) -> bool:
        """Whether browsers reach us by https: cookies are then marked Secure."""
        return bool(self.tls_cert) or self.public_url.startswith("https://")

    @property
    def behind_proxy(self) -> bool:
        """Whether a proxy stands before us, whose word on the sender's address counts; anybody else's would not."""
        return bool(self.public_url) and not self.tls_cert

    def refusal(self) -> str | None:
        """Why this must not start: phones on another host than loopback need https. None where it may."""
        if bool(self.tls_cert) != bool(self.tls_key):
            return "Set both FIELDBOOK_TLS_CERT and FIELDBOOK_TLS_KEY, or neither."
        for name, path in (("FIELDBOOK_TLS_CERT", self.tls_cert), ("FIELDBOOK_TLS_KEY", self.tls_key)):
            if path and not Path(path).is_file():
                return f"{name} names no file: {path}"
        if self.host not in LOOPBACK and not self.https:
            return (
                f"HOST={self.host} without https: phones give no position, camera or offline use there. "
                "Set FIELDBOOK_TLS_CERT and FIELDBOOK_TLS_KEY, or FIELDBOOK_URL=https://... behind a proxy."
            )
        return None

    def closed_door(self) -> str | None:
        """Why nobody could listen on HOST and PORT now, None where one can."""
        try:
            family, kind, _, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as door:
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                door.bind(address)
        except OSError as error:
            return f"Cannot listen on HOST={self.host}, PORT={self.port}: {error.strerror}. Choose another one."
        return None


def from_environment() -> Settings:
    """Read the settings; every one has a default that works for `make run`. SettingsError for what makes no sense."""
    env = os.environ
    public_url, database_url = env.get("FIELDBOOK_URL", "").rstrip("/"), env.get("DATABASE_URL", "")
    if public_url and not public_url.startswith(("https://", "http://")):
        raise SettingsError(f"FIELDBOOK_URL is the whole public address, like https://field.example; not {public_url}")
    if database_url and not database_url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise SettingsError("DATABASE_URL is the address of a PostgreSQL database: postgresql://user:word@host/name")
    roads_url = env.get("FIELDBOOK_ROADS_URL", "").rstrip("/")
    if roads_url and not roads_url.startswith(("https://", "http://")):
        raise SettingsError(
            f"FIELDBOOK_ROADS_URL is the address of an OSRM server, like http://osrm:5000; not {roads_url}"
        )
    return Settings(
        data=Path(env.get("FIELDBOOK_DATA") or ROOT / "var").resolve(),
        database_url=database_url,
        public_url=public_url,
        host=env.get("HOST") or "127.0.0.1",
        port=_port(env.get("PORT") or "8000"),
        tls_cert=env.get("FIELDBOOK_TLS_CERT", ""),
        tls_key=env.get("FIELDBOOK_TLS_KEY", ""),
        tiles=env.get("FIELDBOOK_TILES", ""),
        tiles_attribution=env.get("FIELDBOOK_TILES_ATTRIBUTION", ""),
        tiles_datum="gcj02" if env.get("FIELDBOOK_TILES_DATUM", "").lower() == "gcj02" else "wgs84",
        development=env.get("FIELDBOOK_ENV") == "development",
        roads_url=roads_url,
    )


def _port(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise SettingsError(f"PORT is a number from 1 to 65535, not {text}")
    return int(text)


def secret_of(data: Path) -> str:
    """The installation's secret, made at the first start and readable by its owner only.

    SettingsError where the folder cannot be written.
    """
    path = data / "secret"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not os.access(data, os.W_OK | os.X_OK):
            raise PermissionError(13, "no right to write there")
        if not path.exists():
            _make_secret(path)
        secret = path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"FIELDBOOK_DATA={data} cannot be used: {error.strerror}") from None
    if not secret:
        raise SettingsError(f"{path} is empty; remove it, and a new one is made (everybody signs in again)")
    return secret


def _make_secret(path: Path) -> None:
    """Write it whole, and link it to its name, which fails where another process was first: then that one's counts."""
    handle, name = tempfile.mkstemp(prefix="secret.", dir=path.parent)  # nobody else may read it
    part = Path(name)
    try:
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
            out.flush()
            os.fsync(out.fileno())
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
