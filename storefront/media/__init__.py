"""Films and sounds: how long they play, and the forms in which browsers play them best."""
