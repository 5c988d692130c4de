"""Visits: homes that need somebody to look in (周必访、月必访、季必访、一般关注), and stewards on the spot (院长下沉).

Who is on the list is the secret. It is opened to the worker who goes there and to the community's head, whose role is
COMMUNITY_WORKER on the community itself; for everybody else there is no list. Every look is in the audit log, which
says the number of a plan and never its level, home or reason. Nothing of it is in messages, digests or figures.
"""
