"""What can be done with subscribers: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request), changes the rows and announces what happened.
"""

from lifecycle.services.activities import record, record_one
from lifecycle.services.onsite import take_call
from lifecycle.services.plans import tell_plan, tell_plans
from lifecycle.services.suppression import check

__all__ = ["check", "record", "record_one", "take_call", "tell_plan", "tell_plans"]
