"""Points for taking part. Nobody gets any for voting, or for how: that would buy votes, and tell who cast them."""
