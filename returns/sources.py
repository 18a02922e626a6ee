"""What tells of returns: Loop, some topics of Shopify, and orders that returns wait for."""

from integrations.sources import register
from returns import shopify
from returns.loop import Loop
from returns.services import order_came
from tracking import arrivals

register(Loop())
shopify.register()
arrivals.register(order_came)
