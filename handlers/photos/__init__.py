"""Photos: which words a picture belongs to, and letting it go with them."""
