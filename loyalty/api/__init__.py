"""The REST API of members, their points, tiers and rewards."""
