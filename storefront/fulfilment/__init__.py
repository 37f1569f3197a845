"""What the buyer now has."""
