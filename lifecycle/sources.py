"""What tells of subscribers: the merchant's activity log, and the shop's own pages."""

from integrations.sources import register
from lifecycle.log_source import ActivityLog
from lifecycle.onsite.source import Onsite

register(ActivityLog())
register(Onsite())
