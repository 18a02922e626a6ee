"""The REST API of subscribers: the activity log."""
