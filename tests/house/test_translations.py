"""Catalogues: merged, compiled, and checked against the source."""

import gettext
import json
import re
from pathlib import Path

import pytest

from app.catalogues import (
    ROOT,
    SIMPLIFIED_ONLY,
    TRADITIONAL_ONLY,
    CatalogueError,
    compile_all,
    problems,
    script_words,
    skeleton,
    source_texts,
)

CODE = """
from flask_babel import gettext as _, ngettext, pgettext
SAVE = _("Save")
HELLO = _("Hello %(name)s", name="")
VISITS = ngettext("%(num)d visit", "%(num)d visits", 2)
"""
TEMPLATE = """<h1>{{ _("Accounts") }}</h1>
{% trans count=2 %}
{{ count }} order
{% pluralize %}
{{ count }} orders
{% endtrans %}
"""
HOUSE = """
msgid "Save"
msgstr "{save}"

msgid "Hello %(name)s"
msgstr "%(name)s,{hello}"

msgid "%(num)d visit"
msgid_plural "%(num)d visits"
msgstr[0] "%(num)d 次{visit}"
"""
ACCOUNTS = """
msgid "Accounts"
msgstr "客{account}"

msgid "%(count)s order\\n"
msgid_plural "%(count)s orders\\n"
msgstr[0] "%(count)s 份{order}\\n"
"""
WORDS = {
    "zh_Hans": {"save": "保存", "hello": "你好", "visit": "拜访", "account": "户", "order": "订单"},
    "zh_Hant": {"save": "儲存", "hello": "你好", "visit": "拜訪", "account": "戶", "order": "訂單"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small application with complete catalogues."""
    write(tmp_path / "app/web/words.py", CODE)
    write(tmp_path / "app/accounts/views.py", "")
    write(tmp_path / "templates/accounts/index.html", TEMPLATE)
    for language, words in WORDS.items():
        write(tmp_path / "app/translations" / language / "house.po", HOUSE.format(**words))
        write(tmp_path / "app/translations" / language / "accounts.po", ACCOUNTS.format(**words))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def swap(root: Path, old: str, new: str, file: str = "zh_Hans/house.po") -> None:
    path = root / "app/translations" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    write(path, text.replace(old, new))


def test_complete_catalogues_have_no_problems(root: Path) -> None:
    assert list(problems(root)) == []


def test_compiled_catalogues_hold_every_slice(root: Path) -> None:
    compile_all(root)
    with (root / "app/translations/zh_Hant/LC_MESSAGES/messages.mo").open("rb") as file:
        translations = gettext.GNUTranslations(file)
    assert translations.gettext("Save") == "儲存"
    assert translations.gettext("Accounts") == "客戶"
    assert translations.ngettext("%(num)d visit", "%(num)d visits", 1) == "%(num)d 次拜訪"


def test_compiling_again_writes_nothing(root: Path) -> None:
    compile_all(root)
    path = root / "app/translations/zh_Hans/LC_MESSAGES/messages.mo"
    before = path.stat().st_mtime_ns
    compile_all(root)
    assert path.stat().st_mtime_ns == before


def test_a_text_in_two_files_is_refused_with_both_places(root: Path) -> None:
    swap(root, 'msgid "Accounts"', 'msgid "Save"\nmsgstr "保存"\n\nmsgid "Accounts"', "zh_Hans/accounts.po")
    with pytest.raises(
        CatalogueError, match=r'house\.po:2: "Save" stands in app/translations/zh_Hans/accounts\.po too'
    ):
        compile_all(root)
    assert [problem for problem in problems(root) if problem.startswith("zh_Hans")] == [
        'zh_Hans: app/translations/zh_Hans/house.po:2: "Save" stands in app/translations/zh_Hans/accounts.po too'
    ]


def test_a_text_twice_in_one_file_is_refused(root: Path) -> None:
    swap(root, 'msgid "Save"', 'msgid "Save"\nmsgstr "存"\n\nmsgid "Save"')
    with pytest.raises(CatalogueError, match="stands in"):
        compile_all(root)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('msgid "Save"', 'msgid "Store"', 'missing: "Save" app/web/words.py:3'),
        ('msgid "Save"', 'msgid "Store"', 'obsolete (nowhere used): "Store" app/translations/zh_Hans/house.po:2'),
        ("保存", "", 'empty: "Save"'),
        ("%(name)s,", "%(nom)s,", 'placeholders should be %(name)s: "Hello %(name)s"'),
        ("%(name)s,", "", 'placeholders should be %(name)s: "Hello %(name)s"'),
        ("%(num)d 次", "", 'placeholders should be %(num)d: "%(num)d visit"'),
        ("拜访", "拜訪", 'wrong script (訪): "%(num)d visit"'),
        ('msgid "Save"', '#, fuzzy\nmsgid "Save"', 'fuzzy: "Save"'),
        ('msgid_plural "%(num)d visits"\nmsgstr[0]', "msgstr", "plural should be '%(num)d visits'"),
    ],
)
def test_each_problem_is_told_with_its_place(root: Path, old: str, new: str, problem: str) -> None:
    swap(root, old, new)
    assert any(line.startswith(f"zh_Hans: {problem}") for line in problems(root)), list(problems(root))


def test_simplified_characters_in_a_traditional_text_are_noticed(root: Path) -> None:
    swap(root, "拜訪", "拜访", "zh_Hant/house.po")
    assert list(problems(root)) == ['zh_Hant: wrong script (访): "%(num)d visit" app/translations/zh_Hant/house.po:8']


def test_no_character_belongs_to_both_scripts() -> None:
    assert not SIMPLIFIED_ONLY & TRADITIONAL_ONLY


def test_a_template_that_does_not_parse_is_not_passed_over(root: Path) -> None:
    write(root / "templates/accounts/broken.html", "{% if %}")
    with pytest.raises(Exception, match="Expected an expression"):
        source_texts(root)


def test_the_skeleton_of_a_slice_holds_what_it_lacks_ready_to_fill(root: Path) -> None:
    assert skeleton("accounts", root) == ""
    write(root / "app/accounts/views.py", '_ = str\nA = _("Nearby")\nB = _("Save")\n')
    assert skeleton("accounts", root) == '#: app/accounts/views.py:2\nmsgid "Nearby"\nmsgstr ""\n\n'
    assert skeleton("house", root) == ""


def test_the_skeleton_notes_what_other_slices_need_too(root: Path) -> None:
    write(root / "app/accounts/views.py", '_ = str\nA = _("Cancel")\n')
    write(root / "templates/layout.html", '{{ _("Cancel") }}')
    assert "#. Also used by house: " in skeleton("accounts", root)


def test_every_text_of_a_script_is_found() -> None:
    """Also inside a template literal, which babel leaves out unless it is told."""
    said = {
        text
        for path in (ROOT / "static" / "js").glob("*.js")
        if path.name != "words.js"
        for text in re.findall(r'(?<![\w.])_\("((?:[^"\\]|\\.)*)"', path.read_text())
    }
    found = script_words()["words/zh-Hant.js"].decode()
    assert len(said) > 30
    assert said == set(json.loads(found.removeprefix("export default ").rstrip(";\n")))
