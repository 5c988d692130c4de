"""Opinions: what residents say, numbered and tagged."""
