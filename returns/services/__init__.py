"""What can be done with returns: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request), changes the rows and announces what happened.
"""

from returns.services.completion import complete_waiting, order_came
from returns.services.moving import move_return, refund, reopen_return, take_out_items
from returns.services.taking_in import add_items, enter_return, ingest_return

__all__ = [
    "add_items",
    "complete_waiting",
    "enter_return",
    "ingest_return",
    "move_return",
    "order_came",
    "refund",
    "reopen_return",
    "take_out_items",
]
