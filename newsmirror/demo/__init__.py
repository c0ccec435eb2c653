"""A small news snapshot site on loopback, with its own articles: a crawl to see without a network."""
