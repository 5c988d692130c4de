"""Reach: writing to people and groups who did not just ask, in whichever way is allowed now."""
