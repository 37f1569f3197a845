"""Secret feeds of a buyer: podcasts of courses, and a catalogue of e-books for reading programs."""
