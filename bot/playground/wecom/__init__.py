"""WeCom on the simulated platform: a corp with its app, its staff and their groups, bots, webhooks and 企业群发."""
