"""Made-up shoppers. Their addresses are in domains that nobody can own (RFC 2606)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Person:
    """A shopper. Without `email` and `phone` nobody could write to them."""

    first_name: str
    last_name: str
    email: str
    phone: str
    street: str
    city: str
    province: str
    postal_code: str
    country: str

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    def without_contact(self) -> Person:
        """The same, as a guest who left neither e-mail address nor phone number."""
        return replace(self, email="", phone="")

    def by_phone_only(self) -> Person:
        """The same, known by the phone number alone."""
        return replace(self, email="")


_PLAIN: dict[int, str | int | None] = {
    ord(letter): plain for letter, plain in {"ü": "ue", "ö": "oe", "ä": "ae", "ß": "ss", "é": "e", " ": "."}.items()
}


def _address(name: str) -> str:
    return f"{name.lower().translate(_PLAIN)}@example.com"


def _person(name: str, phone: str, street: str, place: str, country: str) -> Person:
    first, last = name.split(" ", 1)
    city, province, postal_code = place.split(", ")
    return Person(first, last, _address(name), phone, street, city, province, postal_code, country)


AMERICANS = (
    _person("Maya Okafor", "+12125550142", "418 Juniper Street", "Brooklyn, NY, 11215", "US"),
    _person("Theo Lindqvist", "+14155550117", "77 Alder Lane", "Oakland, CA, 94607", "US"),
    _person("Priya Raman", "+13125550163", "2204 Lakeview Avenue", "Chicago, IL, 60614", "US"),
    _person("Caleb Whitfield", "+15125550188", "9 Mesquite Court", "Austin, TX, 78704", "US"),
    _person("Rosa Delgado", "+13055550129", "1530 Palmetto Way", "Miami, FL, 33130", "US"),
    _person("Jonah Ferris", "+12065550174", "612 Cedar Hill Road", "Seattle, WA, 98103", "US"),
    _person("Amara Bell", "+16175550136", "35 Harbor Row", "Boston, MA, 02110", "US"),
    _person("Wes Nakamura", "+18085550151", "88 Plumeria Drive", "Honolulu, HI, 96815", "US"),
    _person("Ines Calder", "+17205550190", "3100 Larimer Loop", "Denver, CO, 80205", "US"),
)

GERMANS = (
    _person("Jonas Weber", "+4915112345601", "Lindenallee 14", "Hamburg, HH, 20259", "DE"),
    _person("Greta Schäfer", "+4915112345602", "Am Kanal 3", "Berlin, BE, 10967", "DE"),
    _person("Lukas Brückner", "+4915112345603", "Rosenweg 27", "Leipzig, SN, 04109", "DE"),
    _person("Marlene Voß", "+4915112345604", "Hafenstraße 8", "Bremen, HB, 28217", "DE"),
    _person("Emre Aydin", "+4915112345605", "Kirchgasse 51", "Köln, NW, 50674", "DE"),
    _person("Paula Hennig", "+4915112345606", "Bergstraße 6", "Dresden, SN, 01069", "DE"),
    _person("Till Osterkamp", "+4915112345607", "Marktplatz 2", "Münster, NW, 48143", "DE"),
)

CANADIANS = (
    _person("Noor Haddad", "+14165550143", "240 Queen Street West", "Toronto, ON, M5V 2A4", "CA"),
    _person("Étienne Gagnon", "+15145550178", "1811 Rue Drolet", "Montréal, QC, H2J 2T1", "CA"),
    _person("Hazel McIntyre", "+16045550112", "56 Arbutus Walk", "Vancouver, BC, V6J 3Y8", "CA"),
    _person("Silas Tremblay", "+16135550165", "12 Sparrow Court", "Ottawa, ON, K1N 7B7", "CA"),
    _person("Juniper Cho", "+14035550107", "904 Bow Trail", "Calgary, AB, T3C 2E8", "CA"),
    _person("Oscar Lavoie", "+19025550139", "7 Lighthouse Lane", "Halifax, NS, B3H 1A1", "CA"),
)

BRITONS = (
    _person("Imogen Hale", "+447700900141", "22 Orchard Terrace", "Bath, , BA1 5NB", "GB"),
    _person("Rhys Pritchard", "+447700900152", "5 Castle Row", "Cardiff, , CF10 1BH", "GB"),
    _person("Ailsa Drummond", "+447700900163", "81 Marchmont Road", "Edinburgh, , EH9 1HU", "GB"),
    _person("Callum Reid", "+447700900174", "14 Byres Lane", "Glasgow, , G12 8TD", "GB"),
    _person("Maeve Lockwood", "+447700900185", "3 Millpond Yard", "York, , YO1 9TL", "GB"),
    _person("Tobias Finch", "+447700900196", "47 Gloucester Street", "Bristol, , BS1 4HQ", "GB"),
    _person("Orla Byrne", "+447700900107", "9 Botanic Avenue", "Belfast, , BT7 1JL", "GB"),
    _person("Kiran Mehta", "+447700900118", "60 Narborough Road", "Leicester, , LE3 0BQ", "GB"),
    _person("Nell Ashby", "+447700900129", "Rose Cottage", "Hereford, , HR1 2EG", "GB"),
)

UNREACHABLE = replace(AMERICANS[0], first_name="Nobody", last_name="Atall", email="nobody.atall@example.com", phone="")
"""Whose address Klaviyo refuses."""


def another(people: Sequence[Person], chance: random.Random) -> Person:
    """Somebody who lives where one of `people` does, with the first name of one and the last name of another."""
    home, first, last = chance.choice(people), chance.choice(people).first_name, chance.choice(people).last_name
    return replace(home, first_name=first, last_name=last, email=_address(f"{first} {last}"), phone="")
