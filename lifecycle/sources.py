"""What tells of subscribers: the merchant's activity log."""

from integrations.sources import register
from lifecycle.log_source import ActivityLog

register(ActivityLog())
