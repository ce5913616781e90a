"""The oracle of `make chaos` sees what it is there to see: what is lost, doubled, or out of order."""

from tests.chaos.oracle import Deed, Journal, judge, number_in, photo_of


def day() -> list[Deed]:
    journal = Journal()
    for what, effect, photo in (("check-in", "in", False), ("photo", "photo 2", True), ("note", "note n", False)):
        journal.add(what, effect, (effect,), ("visit 1",), photo).kept = True
    return journal.deeds


def test_all_there_once_and_in_order() -> None:
    verdict = judge(day(), ["in", "photo 2", "somebody else's", "note n"])
    assert str(verdict) == "entries=3 lost=0 doubled=0 misordered=0"
    assert verdict.is_clean


def test_what_is_missing_is_lost() -> None:
    assert str(judge(day(), ["in", "photo 2"])) == "entries=3 lost=1 doubled=0 misordered=0"


def test_what_is_there_twice_is_doubled() -> None:
    assert str(judge(day(), ["in", "photo 2", "photo 2", "note n"])) == "entries=3 lost=0 doubled=1 misordered=0"


def test_texts_keep_their_order_and_may_go_before_a_photo_taken_earlier() -> None:
    assert judge(day(), ["in", "note n", "photo 2"]).is_clean
    assert str(judge(day(), ["note n", "in", "photo 2"])) == "entries=3 lost=0 doubled=0 misordered=1"
    assert str(judge(day(), ["photo 2", "in", "note n"])) == "entries=3 lost=0 doubled=0 misordered=1"


def test_what_was_never_kept_may_be_missing_but_not_twice() -> None:
    deeds = day()
    deeds[2].kept = False
    assert str(judge(deeds, ["in", "photo 2"])) == "entries=2 lost=0 doubled=0 misordered=0"
    assert judge(deeds, ["in", "photo 2", "note n"]).is_clean
    assert judge(deeds, ["in", "photo 2", "note n", "note n"]).doubled == 1


def test_half_an_effect_is_a_loss() -> None:
    deed = Journal().add("check-out", "o", ("out", "report"), ("visit 1",))
    deed.kept = True
    assert judge([deed], ["report"]).lost == 1


def test_a_photo_says_its_number() -> None:
    assert [number_in(photo_of(number)) for number in (1, 200, 65_537)] == [1, 200, 65_537]


def test_what_was_seen_on_its_way_was_kept_though_the_phone_did_not_say_so() -> None:
    journal = Journal()
    first, second = (journal.add("check-in", "/visits/1/check-in", ("in 1",), ()) for _ in range(2))
    first.is_void = True  # the browser was killed before the disk, and the same tap made again
    journal.acknowledge({"k1": "/visits/1/check-in …"})
    assert (first.kept, second.kept, second.key) == (False, True, "k1")
    journal.acknowledge({"k1": "/visits/1/check-in …", "k2": "/visits/1/check-in …"})
    assert (first.kept, first.is_void, first.key) == (True, False, "k2")


def test_an_entry_that_is_nobodys_deed_is_told() -> None:
    journal = Journal(day())
    for deed in journal.deeds:
        deed.key = deed.mark
    assert journal.strangers({"in": "a", "photo": "b", "note n": "c"}) == ["photo b"]
    assert journal.strangers({"in": "a", "photo 2": "b"}) == []
