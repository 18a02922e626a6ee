"""What tells of members and what they buy: orders as they change, accounts, Shopify's customers, and Flow's actions."""

from integrations.sources import register
from loyalty import shopify
from loyalty.flow_actions import FlowActions
from loyalty.services import follow_account, follow_order
from tracking import following

register(FlowActions())
shopify.register()
following.register(follow_order)
following.register_for_accounts(follow_account)
