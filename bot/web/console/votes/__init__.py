"""The pages of owners' votes for staff: a file for each step of a vote's life."""
