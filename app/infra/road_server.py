"""Travel times of an OSRM server elsewhere (FIELDBOOK_ROADS_URL), by its HTTP API, version 1, profile `driving`.

A page waits for it a short time only. After a failure it is left alone for a while, so that not every page waits.
"""

import json
import logging
import time
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from app.infra.osrm import OsrmTimes
from app.kernel.geo import Position
from app.kernel.travel import RoadsFailedError, Source

WAIT_S = 3.0
LEFT_ALONE_S = 60.0
MOST_POSITIONS = 100  # a server's usual limit (osrm-routed --max-table-size)
KEPT_S = 3600  # a server does not tell when its roads change: its answers are remembered for an hour
log = logging.getLogger(__name__)


class RoadServer:
    """One for each process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._failed_at: float | None = None

    def now(self) -> OsrmTimes:
        """Its travel times; each question may raise RoadsFailedError."""
        return OsrmTimes(Source.SERVER, f"{self._url}@{int(time.time() // KEPT_S)}", self._ask, MOST_POSITIONS)

    def _ask(self, service: str, positions: Sequence[Position], **options: Any) -> Any:
        if self._failed_at is not None and time.monotonic() - self._failed_at < LEFT_ALONE_S:
            raise RoadsFailedError("the road server failed a moment ago")
        try:
            answer = self._get(service, positions, options)
        except (OSError, HTTPException, ValueError) as error:  # of the network, or no JSON
            self._failed_at = time.monotonic()
            log.warning("the road server does not answer: %s", error)
            raise RoadsFailedError(str(error)) from error
        self._failed_at = None
        code = answer.get("code") if isinstance(answer, dict) else None
        if code == "Ok":
            return answer
        if code == "NoRoute":
            return None
        raise RoadsFailedError(f"the road server says {code}")

    def _get(self, service: str, positions: Sequence[Position], options: dict[str, Any]) -> Any:
        where = ";".join(f"{position.lon:.6f},{position.lat:.6f}" for position in positions)
        words = {name: _word(name, each) for name, each in options.items()}
        address = f"{self._url}/{service}/v1/driving/{where}?{urlencode(words, safe=',;')}&generate_hints=false"
        try:
            with urlopen(address, timeout=WAIT_S) as answer:  # noqa: S310 - config takes http and https only
                return json.load(answer)
        except HTTPError as error:  # 400 says NoRoute, NoSegment or TooBig as JSON
            with error:
                if error.code != 400:
                    raise
                return json.load(error)


def _word(name: str, each: Any) -> str:
    return each if isinstance(each, str) else ("," if name == "annotations" else ";").join(map(str, each))
