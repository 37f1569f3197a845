"""Being found: sitemaps, feeds, structured data and the links that search engines and people follow."""
