"""What merchants see of their subscribers."""
