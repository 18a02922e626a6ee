"""What can be done with subscribers: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request), changes the rows and announces what happened.
"""

from lifecycle.services.plans import tell_plan
from lifecycle.services.suppression import check

__all__ = ["check", "tell_plan"]
