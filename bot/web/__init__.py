"""HTTP: the callbacks' edge and, later, the pages."""
