"""Where the shop sends parcels, what that costs, and where they can be picked up."""
