"""Item pipelines: thin, one job each. They read the item alone and count what they change or drop."""
