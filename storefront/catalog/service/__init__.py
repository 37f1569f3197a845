"""The verbs that change the catalogue, in a unit of the caller, who then refreshes card, stamp and index."""
