"""The weekly collection and the digest that the committee gets of it."""
