"""Pages for residents, opened from the service account."""
