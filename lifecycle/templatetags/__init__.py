"""What templates ask of subscribers."""
