"""What the page says on which a shopper uses a code, in each language of the shoppers' pages. Pure.

What it has in common with the tracking page is in `tracking.page.words`. Texts in {braces} are filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tracking.page.words import LANGUAGES as SHARED
from tracking.page.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeWords:
    """One language. `one` and `many` are so many points; `thousands` stands between the digits of many."""

    shared: Words
    one: str
    many: str
    thousands: str
    offered: str
    lead: str
    until: str
    contact: str
    contact_hint: str
    no_news: str
    collect: str
    collected: str
    where: str
    used_title: str
    used: str
    withdrawn_title: str
    withdrawn: str
    ended_title: str
    ended: str
    type_title: str
    type_lead: str
    code: str
    code_hint: str
    go_on: str
    unknown_title: str
    unknown: str
    scan: str
    until_short: str

    def points(self, count: int) -> str:
        """So many points."""
        return (self.one if count == 1 else self.many).format(count=f"{count:,}".replace(",", self.thousands))

    def day(self, day: date) -> str:
        """A day that may be years ahead."""
        return f"{self.shared.write_day(day)} {day.year}"


ENGLISH = CodeWords(
    shared=SHARED["en"],
    one="1 point",
    many="{count} points",
    thousands=",",
    offered="{points} for you",
    lead="This code comes with what you bought. Tell {merchant} whose account the points are for: "
    "if you have none yet, you get one.",
    until="The code can be used until {day}.",
    contact="E-mail address or mobile number",
    contact_hint="A number begins with + and the country code, like +44 7400 123456.",
    no_news="This is no sign-up for news.",
    collect="Get the points",
    collected="You have got {points}",
    where="You find it all on the account at {merchant} that belongs to the e-mail address or number you typed.",
    used_title="This code was used already",
    used="Each code counts once. If it was you who used it, the points are on your account.",
    withdrawn_title="This code is not valid any more",
    withdrawn="{merchant} has withdrawn it.",
    ended_title="This code is not valid any more",
    ended="It could be used until {day}.",
    type_title="Type your code",
    type_lead="It stands beside the square that can be scanned.",
    code="Code",
    code_hint="20 letters and digits. The digits 0 and 1 and the letters I and O are never among them.",
    go_on="Continue",
    unknown_title="There is no such code",
    unknown="Please compare it once more with what is printed.",
    scan="Scan the square, or type the code at {site}:",
    until_short="Until {day}",
)

GERMAN = CodeWords(
    shared=SHARED["de"],
    one="1 Punkt",
    many="{count} Punkte",
    thousands=".",
    offered="{points} für dich",
    lead="Der Code gehört zu dem, was du gekauft hast. Sag {merchant}, auf wessen Konto die Punkte kommen: "
    "Wer noch keins hat, bekommt eins.",
    until="Der Code gilt bis {day}.",
    contact="E-Mail-Adresse oder Handynummer",
    contact_hint="Eine Nummer beginnt mit + und der Landesvorwahl, etwa +49 1512 3456789.",
    no_news="Das ist keine Anmeldung zu Neuigkeiten.",
    collect="Punkte holen",
    collected="Du hast {points} bekommen",
    where="Du findest alles auf dem Konto bei {merchant}, das zu der E-Mail-Adresse oder Nummer gehört, die du eingegeben hast.",
    used_title="Dieser Code wurde schon verwendet",
    used="Jeder Code zählt einmal. Falls du es warst, sind die Punkte auf deinem Konto.",
    withdrawn_title="Dieser Code gilt nicht mehr",
    withdrawn="{merchant} hat ihn zurückgezogen.",
    ended_title="Dieser Code gilt nicht mehr",
    ended="Er galt bis {day}.",
    type_title="Gib deinen Code ein",
    type_lead="Er steht neben dem Quadrat, das man scannen kann.",
    code="Code",
    code_hint="20 Buchstaben und Ziffern. Die Ziffern 0 und 1 und die Buchstaben I und O kommen nie darin vor.",
    go_on="Weiter",
    unknown_title="Diesen Code gibt es nicht",
    unknown="Bitte vergleiche ihn noch einmal mit dem, was gedruckt ist.",
    scan="Scanne das Quadrat, oder tippe den Code ein auf {site}:",
    until_short="Bis {day}",
)

LANGUAGES = {"en": ENGLISH, "de": GERMAN}
