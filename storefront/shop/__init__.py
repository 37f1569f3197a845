"""The shop itself: its name, its words about itself, its currency."""
