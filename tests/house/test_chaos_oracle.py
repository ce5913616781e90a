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
