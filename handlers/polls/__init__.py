"""Polls of all residents: straw polls and satisfaction. They decide nothing, and owners' votes know nothing of them."""
