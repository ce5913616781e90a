"""Accounts."""

from app.web.slice import Slice

SLICE = Slice(name="accounts")
