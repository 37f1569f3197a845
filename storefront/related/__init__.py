"""What else may please: found out from category, tags and orders, off the request."""
