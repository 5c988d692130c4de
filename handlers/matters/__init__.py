"""Matters: what several people said about one thing, counted by household."""
