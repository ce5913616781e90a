"""Style sheets: in the page itself for who comes new, as a file for the phone that keeps the files of this build."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.assets import current_build
from app.web.shell import INLINE, Shell, shell_of, slim
from tests.conftest import Browser, Cast

Open = Callable[[Any], Browser]


@pytest.mark.parametrize("kept", ["", "0123456789abcdef"])
def test_who_has_not_the_files_of_this_build_gets_the_style_in_the_page(kept: str, browser: Open, cast: Cast) -> None:
    """Nobody's worker, or the worker of another build."""
    page = browser(cast.rita).get("/today", headers={"Outbox-Shell": kept})
    assert page.text.count("<style") == 1
    assert f'<style data-href="/static/{current_build()}/css/app.css">' in page.text
    assert 'css/app.css"' not in page.text.replace('<style data-href="', "", 1).partition("</style>")[2]
    assert "--accent" in page.text
    assert "Outbox-Shell" in page.headers["Vary"]


def test_the_phone_that_keeps_this_build_gets_a_link(browser: Open, cast: Cast) -> None:
    rita, build = browser(cast.rita), current_build()
    short = rita.get("/today", headers={"Outbox-Shell": build})
    assert "<style" not in short.text
    assert f'<link rel="stylesheet" href="/static/{build}/css/app.css">' in short.text
    assert len(short.data) + 15_000 < len(rita.get("/today").data)


def test_the_policy_is_the_same_whoever_asks(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    asked = ({}, {"Outbox-Shell": current_build()}, {"Outbox-Shell": "old"})
    assert len({rita.get("/today", headers=headers).headers["Content-Security-Policy"] for headers in asked}) == 1


def test_before_the_first_build_pages_link_and_name_no_digest(app: Flask, tmp_path: Path) -> None:
    shell = shell_of(tmp_path)
    assert shell == Shell("", {})
    assert shell.digests == ()
    with app.test_request_context(headers={"Outbox-Shell": ""}):
        assert shell.style("app") == '<link rel="stylesheet" href="/static/css/app.css">'


def test_remarks_and_indents_stay_at_home_and_all_rules_remain() -> None:
    css = '/* one\n   { two } */\na,\nb { color: red; /* why */ margin: 0\n    1px; }\n\n  c { content: "" }\n'
    assert slim(css) == 'a,\nb { color: red;  margin: 0\n1px; }\nc { content: "" }'


def test_a_style_cannot_end_its_element() -> None:
    shell = shell_of(Path("static/built"))
    assert set(shell.styles) == set(INLINE)
    assert all(
        "<" not in text and "url(" not in text for text in shell.styles.values()
    )  # addresses would be the page's
