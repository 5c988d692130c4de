"""Opinions: what residents say, numbered and tagged."""

from handlers.opinions.chat import ROUTES

__all__ = ["ROUTES"]
