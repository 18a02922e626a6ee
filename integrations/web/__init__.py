"""The merchant's pages: what merchants see of their own, and CSMs of everybody's."""
