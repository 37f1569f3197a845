"""Shared HTTP furniture: pages and fragments, languages, CSRF, headers, throttles, the page cache."""
