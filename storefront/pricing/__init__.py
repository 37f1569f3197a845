"""What a cart costs and why: plain values in, plain values out. Nothing here asks a database or knows the time."""
