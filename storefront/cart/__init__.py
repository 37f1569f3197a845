"""Wishes: what a visitor has put into the cart."""
