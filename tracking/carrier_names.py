"""Carriers' names for people, by what the sources call them."""

from __future__ import annotations

NAMES = {
    "amazonmws": "Amazon Logistics",
    "australiapost": "Australia Post",
    "canadapost": "Canada Post",
    "deutschepost": "Deutsche Post",
    "dhl": "DHL",
    "dhl_express": "DHL Express",
    "dhlecs": "DHL eCommerce",
    "dhlexpress": "DHL Express",
    "dpd": "DPD",
    "dpduk": "DPD UK",
    "fedex": "FedEx",
    "gls": "GLS",
    "hermes": "Hermes",
    "lasership": "LaserShip",
    "ontrac": "OnTrac",
    "postnl": "PostNL",
    "royalmail": "Royal Mail",
    "ups": "UPS",
    "usps": "USPS",
}


def friendly_name(carrier: str) -> str:
    """The carrier's name for people; the source's own word where it is not known."""
    return NAMES.get(carrier.lower().replace(" ", ""), carrier)
