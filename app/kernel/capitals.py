"""Amounts in Chinese capitals (人民币大写), which make an amount on a contract hard to alter.

Source: People's Bank of China, 正确填写票据和结算凭证的基本规定 (annex 1 to 支付结算办法, 银发〔1997〕393号), 1-4:
1. Capitals 壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分零整; traditional characters are accepted too.
2. 整 after whole yuan, none after 分. After 角 it may be left out, and is, as in the rule's own examples.
3. 人民币 stands before the amount without a gap.
4. Zeros within the number are read as one 零, also the one before 分 without 角. It may be left out where a unit ends
   in zeros and the next place is not 0 (107,000.53), and is there; after 亿 with an empty 万 it is written.
The rule says nothing of negative amounts; they take 负 directly after 人民币, as in 人民币负伍元整.
"""

from decimal import Decimal

from app.kernel.money import from_decimal

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ((1000, "仟"), (100, "佰"), (10, "拾"), (1, ""))
_TRADITIONAL = str.maketrans("币负贰叁陆万亿", "幣負貳參陸萬億")
LARGEST_YUAN = 10**16 - 1  # 万亿 is the largest unit that is read in one way only


def rmb_capitals(fen: int, *, traditional: bool = False) -> str:
    """An amount of whole fen: 140950 -> '人民币壹仟肆佰零玖元伍角'.

    `traditional` writes the same in traditional characters (人民幣...) for a document in zh_Hant. ValueError beyond
    LARGEST_YUAN.
    """
    yuan, rest = divmod(abs(fen), 100)
    jiao, fen_digit = divmod(rest, 10)
    if yuan > LARGEST_YUAN:
        raise ValueError("the amount is too large to be written in capitals")
    text = f"{_number(yuan)}元" if yuan or not rest else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif fen_digit and yuan:
        text += "零"
    text += f"{_DIGITS[fen_digit]}分" if fen_digit else ""
    capitals = f"人民币{'负' if fen < 0 else ''}{text}{'' if rest else '整'}"
    return capitals.translate(_TRADITIONAL) if traditional else capitals


def rmb_capitals_of(yuan: Decimal, *, traditional: bool = False) -> str:
    """The same for an amount in yuan. Raises ValueError (MoneyError) for more than two decimals, and for what is no
    number: nothing is ever rounded here."""
    return rmb_capitals(from_decimal(yuan, "CNY").minor, traditional=traditional)


def _number(number: int) -> str:
    """A whole number in capitals: split at the largest of 亿 and 万, each part read alike."""
    for size, unit in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            upper, lower = divmod(number, size)
            return f"{_number(upper)}{unit}{_lower(lower, size)}"
    if number == 0:
        return _DIGITS[0]
    for size, unit in _PLACES:
        if number >= size:
            digit, lower = divmod(number, size)
            return f"{_DIGITS[digit]}{unit}{_lower(lower, size)}"
    raise AssertionError("one is the smallest place")


def _lower(number: int, size: int) -> str:
    """What follows a unit of that size: nothing, or the rest with one 零 where places between the two are empty."""
    if number == 0:
        return ""
    return f"{'零' if number * 10 < size else ''}{_number(number)}"
