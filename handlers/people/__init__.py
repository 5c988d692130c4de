"""People: homes, choices, and being forgotten."""

from handlers.people.chat import ROUTES

__all__ = ["ROUTES"]
