"""Queries by capability: get_ (one or raise), find_ (one or None), list_, add_."""
