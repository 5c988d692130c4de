"""The pages of the roll of owners (房屋清册) for whoever keeps it."""
