"""Reads Chinese: text in, data out. Knows nothing of chats, databases or networks."""
