"""One small file for each mirrored site, over one base."""
