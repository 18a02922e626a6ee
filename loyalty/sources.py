"""What tells of members and what they buy: orders as they change, accounts, and Shopify's customers."""

from loyalty import shopify
from loyalty.services import follow_account, follow_order
from tracking import following

shopify.register()
following.register(follow_order)
following.register_for_accounts(follow_account)
