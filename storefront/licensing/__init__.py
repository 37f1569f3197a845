"""Licence keys: given, used by applications, freed, replaced, burnt."""
