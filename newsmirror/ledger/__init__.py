"""The only memory: which articles are known, and what is still to be published."""
