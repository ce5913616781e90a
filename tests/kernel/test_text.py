import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.text import fold, phone_digits, search_parts, search_text, squeeze


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("L'Oréal  S.A.", "l’oréal sa"),
        ("Ａｂｃ　１２３", "abc123"),
        ("臺北市中山區德惠街65號", "台北市中山区德惠街６５号"),
        ("台北巿", "台北市"),
        ("統一超商（股）公司", "统一超商 股 公司"),
        ("STRASSE", "straße"),
        ("cafe\u0301", "CAFÉ"),
        ("中山路1－2號", "中山路1 2号"),
    ],
)
def test_what_is_written_differently_folds_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("中山路1-2號", "中山路12號"),
        ("Peña", "Pena"),
        ("後里", "后里"),
        ("彩園邨", "彩園村"),
        ("मुंबई", "मबई"),
    ],
)
def test_what_is_another_thing_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_ascii_folds_as_everything_else() -> None:
    text = "O'Neill & Sons, Unit 4/5 (rear)"
    assert fold(text) == fold(text + "é")[:-1] == "oneillsonsunit4-5rear"


def test_squeeze_keeps_what_is_written() -> None:
    assert squeeze(" Mataderos \n 2312　Ａ ") == "Mataderos 2312 Ａ"


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("9073579155", "9073579155"),
        ("02-27761339", "0227761339"),
        ("886-7-3727900", "88673727900"),
        ("（02）２３４５－6789轉12", "0223456789 12"),
        ("0718-8223261/0718-8223262", "07188223261 07188223262"),
        ("+44 (0)20 7946 0958 ext. 12", "4402079460958 12"),
        ("none", ""),
    ],
)
def test_digits_of_phones(phone: str, digits: str) -> None:
    assert phone_digits(phone) == digits


@pytest.mark.parametrize(
    "typed", ["精誠", "精诚", "exact prec", "ＥＸＡＣＴ", "德惠街 17", "02-2593", "2593 2124", "25932124"]
)
def test_any_part_is_found_in_either_script(typed: str) -> None:
    text = search_text("精誠診所", "Exact Precision Clinic", "台北市中山區德惠街17號", phone="02-25932124")
    assert any(part in text for part in search_parts(typed))


def test_parts_do_not_span_name_and_address() -> None:
    text = search_text("Alpha", "", "Beta Road")
    assert text == "alpha betaroad"
    assert not any(part in text for part in search_parts("alpha beta"))
    assert search_parts(" - ") == ()
