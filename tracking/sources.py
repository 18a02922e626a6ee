"""The sources that tell of orders and parcels."""

from integrations.sources import register
from tracking.carriers import all_carriers
from tracking.shopify.source import Shopify

register(Shopify())
for carrier in all_carriers():
    register(carrier)
