"""The raw archive: the bytes of every page, in WARC files."""
