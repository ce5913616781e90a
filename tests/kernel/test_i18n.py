"""Languages: the reader's, and the reader's part of a text in several."""

import pytest

from app.kernel.i18n import label_in, negotiate


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        (["zh-HK", "en"], "zh_Hant"),
        (["zh"], "zh_Hans"),
        (["fr", "zh-CN"], "zh_Hans"),
        (["en-GB"], "en"),
        (["fr", "english"], "en"),
        ([], "en"),
    ],
)
def test_the_first_language_that_we_have(tags: list[str], language: str) -> None:
    assert negotiate(tags) == language


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("case | 箱子 | 箱", ("case", "箱子", "箱")),
        ("case | 箱", ("case", "箱", "箱")),
        ("case", ("case", "case", "case")),
        ("case|箱子|箱", ("case", "箱子", "箱")),
        ("case｜箱子｜箱", ("case", "箱子", "箱")),
        ("case | | 箱", ("case", "箱", "箱")),
        (" | 箱 | ", ("箱", "箱", "箱")),
        ("|", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_a_label_is_read_in_one_s_own_language(text: str, parts: tuple[str, str, str]) -> None:
    assert tuple(label_in(text, language) for language in ("en", "zh_Hans", "zh_Hant")) == parts
