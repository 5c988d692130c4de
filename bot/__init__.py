"""The edges and the wiring: channels, pages, commands, and the composition root."""
