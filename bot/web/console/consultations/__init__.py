"""The monthly consultation for those who hold it."""
