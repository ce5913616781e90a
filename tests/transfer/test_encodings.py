import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.transfer.encodings import UndecodableError, UnreadableError, decode

HEADINGS = {
    "hans": "客户编号,客户名称,省份,城市,区县,详细地址,联系电话\n",
    "hant": "客戶編號,客戶名稱,縣市,鄉鎮市區,地址,聯絡電話\n",
}
_NAMES = {
    "hans": "华润万家苏宁易购永辉超市海底捞火锅同仁堂药房新东方教育联想电脑格力空调美的厨具长城汽车顺丰速运招商银行",
    "hant": "統一超商全聯福利中心鼎泰豐餐廳長榮航空中華電信國泰人壽誠品書店寶雅生活館大潤發量販店屈臣氏藥妝臺灣銀行",
}
_STREETS = {
    "hans": "湖北省武汉市江汉区解放大道北京东路上海浦东新区世纪人民中山建设街镇村号楼室层号院",
    "hant": "臺北市中山區德惠街高雄市左營區博愛二路忠孝東路信義路民生路巷弄號樓室鄉鎮里鄰",
}


@st.composite
def customers(draw: st.DrawFn, script: str) -> str:
    """A small customer list, as long as people really bring: 5 to 40 rows of names and addresses."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, 99_999),
                st.text(st.sampled_from(_NAMES[script]), min_size=4, max_size=14),
                st.text(st.sampled_from(_STREETS[script]), min_size=6, max_size=24),
                st.from_regex(r"0[0-9]{1,3}-[0-9]{7,8}", fullmatch=True),
            ),
            min_size=5,
            max_size=40,
        )
    )
    lines = (f"{number},{name}公司,{street}{number % 300}號,{phone}\n" for number, name, street, phone in rows)
    body = "".join(lines)
    return HEADINGS[script] + (body.replace("號", "号") if script == "hans" else body)


@given(text=customers("hans"), encoding=st.sampled_from(["utf-8", "gbk", "gb18030", "utf-16-le", "utf-16-be"]))
def test_simplified_lists_come_back_from_every_encoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


@given(
    text=customers("hant"), encoding=st.sampled_from(["utf-8", "cp950", "big5hkscs", "gbk", "utf-16-le", "utf-16-be"])
)
def test_traditional_lists_come_back_from_every_encoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


@given(
    st.lists(
        st.sampled_from(["Müller", "Peña", "Zoë", "Crêperie", "Luleå", "Ærø", "Saõ", "O’Neill", "€ 5"]), min_size=1
    )
)
def test_western_names_come_back_from_windows_latin(names: list[str]) -> None:
    text = "name,city\n" + "".join(f"{name} & Co,Köln\n" for name in names)
    assert decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("data", "text", "encoding", "had_bom"),
    [
        (b"a,b\n1,2\n", "a,b\n1,2\n", "utf-8", False),
        (codecs.BOM_UTF8 + "名称\n".encode(), "名称\n", "utf-8", True),
        (codecs.BOM_UTF16_LE + "名称\n".encode("utf-16-le"), "名称\n", "utf-16-le", True),
        (codecs.BOM_UTF16_BE + "名称\n".encode("utf-16-be"), "名称\n", "utf-16-be", True),
        ("name,city\nA,B\n".encode("utf-16-le"), "name,city\nA,B\n", "utf-16-le", False),
        ("名稱,地址\n香港仔邨,栢景街\n".encode("big5hkscs"), "名稱,地址\n香港仔邨,栢景街\n", "big5hkscs", False),
        ("\ufeff名称,地址\n".encode("gb18030"), "名称,地址\n", "gb18030", True),
        (b"a,b,c\n1,2,\xa9", "a,b,c\n1,2,©", "cp1252", False),
        ("name\nCafé\n".encode("gb18030"), "name\nCafé\n", "gb18030", False),
    ],
)
def test_encoding_and_mark_are_told(data: bytes, text: str, encoding: str, had_bom: bool) -> None:
    found = decode(data)
    assert (found.text, found.encoding, found.had_bom) == (text, encoding, had_bom)


def test_a_broken_byte_is_an_error_with_its_place_not_another_encoding() -> None:
    for encoding, named in (("utf-8", "utf-8"), ("gb18030", "gb18030"), ("big5", "cp950")):
        text = "名稱,地址\n" + "統一超商股份有限公司,臺北市中山區德惠街\n" * 20
        data = text.encode(encoding)
        offset = len((text[: text.index("\n", 200)]).encode(encoding))
        with pytest.raises(UndecodableError) as told:
            decode(data[:offset] + b"\xff" + data[offset:])
        line = text[: text.index("\n", 200)].count("\n") + 1
        assert (told.value.encoding, told.value.offset, told.value.line) == (named, offset, line)
        assert str(offset) in str(told.value)


def test_half_a_utf16_character_is_an_error() -> None:
    with pytest.raises(UndecodableError) as told:
        decode(codecs.BOM_UTF16_LE + "a\nb\n".encode("utf-16-le") + b"c")
    assert (told.value.offset, told.value.line) == (10, 3)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"PK\x03\x04\x14\x00", "xlsx"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (bytes(range(256)) * 40, "not a text file"),
        (b"\x01\x02\x03\x04\x05\x06" * 50, "not a text file"),
        (("Общество с ограниченной ответственностью, улица Ленина\n" * 9).encode("koi8-r"), "not known"),
    ],
)
def test_what_is_no_text_is_refused_by_name(data: bytes, word: str) -> None:
    with pytest.raises(UnreadableError, match=word):
        decode(data)
