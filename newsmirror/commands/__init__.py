"""What a person types: `scrapy <verb>`."""
