"""Identity of rows: UUID version 7, which sorts by time and may be made on a phone."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | (random & (1 << 62) - 1)
    return UUID(int=value)


def parse_id(text: str | None) -> UUID | None:
    """The id that a form or an address carries, or None where it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
