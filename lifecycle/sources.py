"""What tells of subscribers: the shop's own pages."""

from integrations.sources import register
from lifecycle.onsite.source import Onsite

register(Onsite())
