"""Ids: version 7, in the order of their making, none twice."""

import time
from concurrent.futures import ThreadPoolExecutor

from app.kernel.ids import new_id, parse_id


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_sort_in_the_order_of_their_making() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)


def test_threads_make_no_id_twice() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id(), range(20_000)))
    assert len(set(made)) == len(made)


def test_nonsense_is_no_id() -> None:
    assert parse_id(str(new_id())) is not None
    assert [parse_id(text) for text in (None, "", "x", "1" * 33)] == [None] * 4
