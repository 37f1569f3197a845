"""What the owner fills in."""
