"""How a hypothesis is scrubbed: draws, the recursion, chunks. Synchronous; knows no notebook."""
