"""Settings: everything comes from the environment, once, here."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


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

    @property
    def https(self) -> bool:
        """Whether browsers reach us by https: cookies are then marked Secure."""
        return bool(self.tls_cert) or self.public_url.startswith("https://")

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


def from_environment() -> Settings:
    """Read the settings; every one has a default that works for `make run`."""
    env = os.environ
    return Settings(
        data=Path(env.get("FIELDBOOK_DATA") or ROOT / "var").resolve(),
        database_url=env.get("DATABASE_URL", ""),
        public_url=env.get("FIELDBOOK_URL", "").rstrip("/"),
        host=env.get("HOST") or "127.0.0.1",
        port=int(env.get("PORT") or 8000),
        tls_cert=env.get("FIELDBOOK_TLS_CERT", ""),
        tls_key=env.get("FIELDBOOK_TLS_KEY", ""),
        tiles=env.get("FIELDBOOK_TILES", ""),
        tiles_attribution=env.get("FIELDBOOK_TILES_ATTRIBUTION", ""),
        tiles_datum="gcj02" if env.get("FIELDBOOK_TILES_DATUM", "").lower() == "gcj02" else "wgs84",
        development=env.get("FIELDBOOK_ENV") == "development",
    )


def secret_of(data: Path) -> str:
    """The installation's secret, made at the first start and readable by its owner only."""
    path = data / "secret"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        part = data / f"secret.{os.getpid()}"
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(48))
        try:
            os.link(part, path)  # fails where another process was first: then its secret counts
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_text().strip()
