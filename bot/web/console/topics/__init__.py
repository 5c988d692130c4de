"""Topics (议题) on pages of staff."""
