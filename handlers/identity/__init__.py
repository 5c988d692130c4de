"""Who may vote: which identity is which owner of the roll, by two factors."""
