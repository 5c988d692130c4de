"""What happens: use cases, each in one transaction, and the chat around them."""
