"""Documents of a vote on paper and as pictures. Rendering is an edge: slow, of a library, and out of all rules."""
