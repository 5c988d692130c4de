"""The pages of ballot papers for staff: printing, taking in, keying in."""
