"""Safety alerts: raised at once, once per episode, escalated when nobody answers."""
