"""An article removed for good: blocked, published as a `delete`, and taken out of the files that held it."""
