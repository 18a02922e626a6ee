"""What a shop's own pages tell of the shopper who looks at them: who it is, and what they just did."""
