"""What the bot remembers: states, tables, queries, the inbox and the outbox."""
