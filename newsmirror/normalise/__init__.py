"""Normalising: strings as printed → values. Pure functions, no Scrapy import."""
