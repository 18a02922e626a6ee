"""The merchants' pages about subscribers, and what shops' own pages call."""
