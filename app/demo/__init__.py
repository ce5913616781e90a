"""The demo company: a fictional firm, made by the same actions that its people use."""

from app.demo.story import PASSWORD, seed_once, sign_ins

__all__ = ["PASSWORD", "seed_once", "sign_ins"]
