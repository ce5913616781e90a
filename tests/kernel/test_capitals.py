import re
from decimal import Decimal

import cn2an
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.kernel.capitals import LARGEST_YUAN, rmb_capitals, rmb_capitals_of

HARD_CASES = {
    # examples of the rule itself
    "1409.50": "壹仟肆佰零玖元伍角",
    "6007.14": "陆仟零柒元壹角肆分",
    "1680.32": "壹仟陆佰捌拾元叁角贰分",
    "107000.53": "壹拾万柒仟元伍角叁分",
    "16409.02": "壹万陆仟肆佰零玖元零贰分",
    "325.04": "叁佰贰拾伍元零肆分",
    # small
    "0": "零元整",
    "0.00": "零元整",
    "0.01": "壹分",
    "0.05": "伍分",
    "0.10": "壹角",
    "0.50": "伍角",
    "0.99": "玖角玖分",
    "1": "壹元整",
    "1.05": "壹元零伍分",
    "1.50": "壹元伍角",
    # tens keep their one, zeros at the end of a number are silent
    "10.00": "壹拾元整",
    "10.05": "壹拾元零伍分",
    "10.50": "壹拾元伍角",
    "15.00": "壹拾伍元整",
    "100.00": "壹佰元整",
    "101.00": "壹佰零壹元整",
    "110.00": "壹佰壹拾元整",
    "1001.00": "壹仟零壹元整",
    "1010.10": "壹仟零壹拾元壹角",
    "1100.00": "壹仟壹佰元整",
    # across 万 and 亿
    "10000.00": "壹万元整",
    "10001.00": "壹万零壹元整",
    "10010.00": "壹万零壹拾元整",
    "10100.00": "壹万零壹佰元整",
    "11000.00": "壹万壹仟元整",
    "100000.00": "壹拾万元整",
    "100000.05": "壹拾万元零伍分",
    "1000000.00": "壹佰万元整",
    "1010101.01": "壹佰零壹万零壹佰零壹元零壹分",
    "10000001.00": "壹仟万零壹元整",
    "10001000.00": "壹仟万壹仟元整",
    "100000000.00": "壹亿元整",
    "100000001.00": "壹亿零壹元整",
    "100001000.00": "壹亿零壹仟元整",
    "100010000.00": "壹亿零壹万元整",
    "110000000.00": "壹亿壹仟万元整",
    "1000000000000.00": "壹万亿元整",
    "1000000010000.00": "壹万亿零壹万元整",
    "1000100000000.00": "壹万零壹亿元整",
    "9999999999999.99": "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
    # negative
    "-5": "负伍元整",
    "-0.05": "负伍分",
    "-0": "零元整",
}


@pytest.mark.parametrize(("amount", "capitals"), HARD_CASES.items())
def test_hard_cases(amount: str, capitals: str) -> None:
    assert rmb_capitals_of(Decimal(amount)) == f"人民币{capitals}"
    assert rmb_capitals(int(Decimal(amount) * 100)) == f"人民币{capitals}"


def test_the_largest_amount() -> None:
    assert rmb_capitals(LARGEST_YUAN * 100 + 99).startswith("人民币玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟")
    for fen in (LARGEST_YUAN * 100 + 100, -LARGEST_YUAN * 100 - 100):
        with pytest.raises(ValueError, match="too large"):
            rmb_capitals(fen)


@pytest.mark.parametrize(
    "amount", ["1.999", "0.001", "NaN", "Infinity", "1e30", "1.00000000000000000000000000000000001"]
)
def test_what_is_no_amount_of_fen_is_refused_and_never_rounded(amount: str) -> None:
    with pytest.raises(ValueError):
        rmb_capitals_of(Decimal(amount))


def test_traditional_characters_for_a_traditional_document() -> None:
    assert rmb_capitals(-1_2345_6789_12, traditional=True) == ("人民幣負壹億貳仟參佰肆拾伍萬陸仟柒佰捌拾玖元壹角貳分")
    assert rmb_capitals_of(Decimal("2.2"), traditional=True) == "人民幣貳元貳角"


@given(st.integers(0, LARGEST_YUAN * 100 + 99))
@example(0)
@example(10**14)
@example(10**16 + 10**12)
@example(80000863180)
def test_the_oracle_says_the_same(fen: int) -> None:
    """But for the 零 after 亿 with an empty 万 (800,008,631.80), which cn2an leaves out; the rule allows both."""
    yuan, rest = divmod(fen, 100)
    oracle = cn2an.an2cn(f"{yuan}.{rest:02d}" if rest else str(yuan), "rmb")
    assert _without_optional_zero(rmb_capitals(fen)) == f"人民币{_without_optional_zero(oracle)}"


def _without_optional_zero(capitals: str) -> str:
    return re.sub("亿零(?=.仟)", "亿", capitals)


@given(st.integers(-LARGEST_YUAN * 100, LARGEST_YUAN * 100))
def test_every_amount_has_its_own_words(fen: int) -> None:
    capitals = rmb_capitals(fen)
    assert set(capitals) <= set("人民币负零壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分整")
    assert "零零" not in capitals and not capitals.endswith("零")
    assert _read(capitals) == fen


def _read(capitals: str) -> int:
    """The fen that capitals stand for, read by another way than they were written."""
    text = capitals.removeprefix("人民币")
    sign = -1 if text.startswith("负") else 1
    text = text.removeprefix("负").replace("零", "").removesuffix("整")
    yuan, _, rest = text.rpartition("元")
    total = section = high = digit = 0
    for char in yuan:
        if char in "壹贰叁肆伍陆柒捌玖":
            digit = "壹贰叁肆伍陆柒捌玖".index(char) + 1
        elif char == "万":
            high, section, digit = high + (section + digit) * 10**4, 0, 0
        elif char == "亿":
            total, high, section, digit = (high + section + digit) * 10**8, 0, 0, 0
        else:
            section, digit = section + digit * {"拾": 10, "佰": 100, "仟": 1000}[char], 0
    fen = (total + high + section + digit) * 100
    for part, unit in re.findall("(.)([角分])", rest):
        fen += ("壹贰叁肆伍陆柒捌玖".index(part) + 1) * {"角": 10, "分": 1}[unit]
    return sign * fen
