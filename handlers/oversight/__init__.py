"""Keeping the promises made about data."""
