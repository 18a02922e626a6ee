"""What can be done with subscribers: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request), changes the rows and announces what happened.
"""

from lifecycle.services.onsite import take_call
from lifecycle.services.plans import begin_sign_up, tell_plan

__all__ = ["begin_sign_up", "take_call", "tell_plan"]
