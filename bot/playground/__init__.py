"""The WeChat platform simulator that the demo, development and the tests share; it knows nothing of the bot."""
