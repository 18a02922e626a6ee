"""Who looks at a page, signed by the shop's own server, so that nobody is named by somebody else. Pure.

The signature is the HMAC-SHA256, in hexadecimal, of three lines under the secret of the merchant's source `onsite`: the word
`identity`, the e-mail address without blanks and in small letters, and the shop's id of the shopper (empty where there is none).
The first line keeps it apart from the signature of a body, which begins with a brace.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

from integrations.sources import matches

PHP = """\
$email = strtolower(trim($customer->email));
$id = (string) $customer->id;
$hmac = hash_hmac('sha256', "identity\\n$email\\n$id", getenv('TIDINGS_ONSITE_SECRET'));
"""

PYTHON = """\
import hmac, os

email = customer.email.strip().lower()
text = f"identity\\n{email}\\n{customer.id}"
signature = hmac.new(os.environ["TIDINGS_ONSITE_SECRET"].encode(), text.encode(), "sha256").hexdigest()
"""


def sign(email: str, customer_id: str, secret: str) -> str:
    """The signature of a shopper under the secret."""
    text = f"identity\n{email.strip().lower()}\n{customer_id}"
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), sha256).hexdigest()


def is_signed(email: str, customer_id: str, given: str, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets made that signature; compared in constant time."""
    return bool(given) and matches(given, [sign(email, customer_id, secret) for secret in secrets if secret])
