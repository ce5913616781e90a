"""Jinja, with two of its habits changed that cost each page a third of its time. What templates mean stays the same."""

from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape
from markupsafe import _escape_inner as escaped_text  # type: ignore[attr-defined] # not public: what `escape` wraps in a Markup


def written(value: Any) -> str:
    """The value as a page shows it, escaped: what `escape` gives, without a Markup made of each plain piece."""
    if type(value) is str:
        return escaped_text(value)
    return value if type(value) is Markup else escape(value)


class Writer(CodeGenerator):
    """Writes `{{ value }}` by `written`: a page has hundreds, and all of them are joined to plain text in the end."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.written(")
        else:
            super()._output_child_pre(node, frame, finalize)


class QuickEnvironment(Environment):
    """Flask's environment with that writer. All globals are those of the environment itself: a chain of maps in each
    template makes every `{% from … import %}` compare them name by name."""

    code_generator_class = Writer
    written = staticmethod(written)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **d} if d else self.globals
