"""People: homes, choices, and being forgotten."""
