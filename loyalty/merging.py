"""What the programme holds of a shopper who turned out to be another."""

from integrations.merging import register
from loyalty.services import merge_members

register(merge_members)
