"""Reading the pages of the archive again: what a change of the reader changes, and what was never read."""
