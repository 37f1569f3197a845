"""Copies that say who bought them, and the ways to files that buyers take home."""
