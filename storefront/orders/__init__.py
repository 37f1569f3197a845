"""Promises: what was ordered, at which price, and how far it has come."""
