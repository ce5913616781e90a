"""Days as numbers in SQL, so that columns of days can be counted with: the databases do it each in their own way."""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class day_number(FunctionElement[int]):  # noqa: N801 - written like a function of SQL
    """`day_number(column)`: what Python's `date.toordinal()` says of that day; NULL for NULL."""

    type = Integer()
    inherit_cache = True


@compiles(day_number, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    # julianday counts from noon; day 1 of the ordinals began at 1721425.5
    return f"CAST(julianday({compiler.process(element.clauses, **kw)}) - 1721424.5 AS INTEGER)"


@compiles(day_number, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} - DATE '0001-01-01' + 1)"
