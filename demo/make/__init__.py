"""The scripts that make everything the demo shop sells. See ``demo/README.md``."""
