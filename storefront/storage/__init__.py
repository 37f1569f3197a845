"""Keeping files: each stored object has its row with size and checksum."""
