"""What is taken out of a text before anything is checked."""

import pytest

from app.web.form import strip


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("  a b\n\tc ", "a b\n\tc"),
        ("a\0b\x1b\x7f", "ab"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("\ufffe\u2066x\u2069", "x"),
        ("外滩\u3000酒楼 👨\u200d🍳", "外滩\u3000酒楼 👨\u200d🍳"),
        (None, None),
        ("", ""),
    ],
)
def test_what_nobody_types_is_taken_out(typed: str | None, taken: str | None) -> None:
    assert strip(typed) == taken
