"""The merchants' pages about subscribers."""
