"""What the local stand-ins of vendors have in common: the server, and what can go wrong between it and a client."""
