"""Pages for whoever keeps a compound: its profile, its card, its grid cells and its tree."""
