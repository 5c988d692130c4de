"""What staff teach the tagger, and the tagger that is in use."""
