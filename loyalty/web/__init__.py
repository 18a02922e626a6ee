"""What merchants see of their loyalty programme."""
