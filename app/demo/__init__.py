"""The demo company: a fictional firm, made by the same actions that its people use."""

from app.demo.story import seed_once, sign_ins

__all__ = ["seed_once", "sign_ins"]
