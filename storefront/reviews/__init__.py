"""What buyers say of what they bought, and what the owner answers."""
