"""The demo shop: its catalogue, and the scripts that draw and write its goods."""
