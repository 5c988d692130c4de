"""The weekly round for hazards: a list by the kind of compound, and what is found becomes a matter at once."""
