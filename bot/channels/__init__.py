"""WeChat products, one file each. They know wire formats and nothing of what a message means."""
