"""Identity of rows: UUID version 7, which sorts by time and may be made on a phone."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = (0, 0)  # milliseconds and tail of the id made last


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits.

    Ids of one process sort in the order of their making, also within a millisecond: the tail then grows by a random
    step (6.2, method 2). What was written first is thus read first.
    """
    global _last
    with _lock:
        now, tail = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big") >> 7  # 73 bits: room to grow
        if now <= _last[0]:
            now, tail = _last[0], _last[1] + 1 + int.from_bytes(os.urandom(4), "big")
        _last = now, tail
    return UUID(int=now << 80 | 0x7 << 76 | tail >> 62 << 64 | 0b10 << 62 | tail & (1 << 62) - 1)


def parse_id(text: str | None) -> UUID | None:
    """The id that a form or an address carries, or None where it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
