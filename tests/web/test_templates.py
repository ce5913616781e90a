"""Templates write what Jinja writes: everything escaped, once."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from markupsafe import Markup, escape

from app.identity.models import Person
from app.infra.db import db, transact
from app.web.templates import written
from tests.accounts.stage import customer
from tests.conftest import Browser, Cast

Open = Callable[[Any], Browser]
RISKY = "<b onclick=\"x('&')\">"


class Drawn:
    def __html__(self) -> str:
        return "<i>drawn</i>"


@pytest.mark.parametrize("value", [RISKY, "plain", "", "&amp;", 7, 1.5, None, True, Markup("<b>"), Drawn(), [RISKY]])
def test_a_value_is_written_as_jinja_escapes_it(value: object) -> None:
    assert written(value) == escape(value)
    assert written(escape(RISKY)) == escape(RISKY)


def test_templates_escape_wherever_a_value_stands(app: Flask) -> None:
    with app.test_request_context():
        source = (
            "{% macro show(x) %}<p>{{ x }}</p>{% endmacro %}{% set kept %}{{ x }}{% endset %}"
            '{{ x }}{{ show(x) }}{{ kept }}{{ x|safe }}{{ "<" ~ x }}{% autoescape false %}{{ x }}{% endautoescape %}'
        )
        safe = str(escape(RISKY))
        shown = app.jinja_env.from_string(source).render(x=RISKY)
        assert shown == f"{safe}<p>{safe}</p>{safe}{RISKY}{escape('<' + RISKY)}{RISKY}"


def test_a_text_with_a_value_that_is_escaped_already_is_escaped_once(app: Flask) -> None:
    with app.test_request_context():
        source = "{% macro show(x) %}{{ x }}{% endmacro %}{{ _('%(label)s: %(problem)s', label=x, problem=show(x)) }}"
        safe = str(escape(RISKY))
        assert app.jinja_env.from_string(source).render(x=RISKY) == f"{safe}: {safe}"


def test_the_list_of_customers_is_escaped_and_speaks_the_language_of_its_reader(browser: Open, cast: Cast) -> None:
    customer(cast.rita, "Tea & <Co>", phone="021 5550 1234")
    rita = browser(cast.rita)
    for _ in range(2):
        page = rita.get("/accounts").text
        assert ">Tea &amp; &lt;Co&gt;</a>" in page
        assert "Never visited" in page

    def speak_chinese() -> None:
        db.session.get_one(Person, cast.rita.id).language = "zh_Hans"

    transact(speak_chinese)
    page = rita.get("/accounts").text
    assert ">Tea &amp; &lt;Co&gt;</a>" in page
    assert "Never visited" not in page
    assert "Call" not in page
