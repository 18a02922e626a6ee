"""What the pages about what members did and got have in common."""

from __future__ import annotations

from typing import Any

from integrations.admin import show
from integrations.admin.forms import MerchantPages
from integrations.admin.theme import display


class LoyaltyAdmin(MerchantPages):
    """A page about something of a member's."""

    @display(description="Member")
    def about_member(self, row: Any) -> Any:
        """A link to the member, who goes by the shopper's name."""
        return show.link(row.member, str(row.member.customer))
