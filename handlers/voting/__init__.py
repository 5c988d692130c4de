"""Owners' assembly votes: who may vote, what counts, what the law makes of it, and the record anyone can check."""
