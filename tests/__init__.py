"""The proof that the shop does what it says."""
