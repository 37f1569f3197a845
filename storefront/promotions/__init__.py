"""Discount codes: what they take off, what they cover, and how often they may be used."""
