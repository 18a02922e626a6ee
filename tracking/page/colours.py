"""Whether colours can be read, by WCAG 2.1: text needs a contrast of 4.5 to 1 with what it stands on. Pure.

A colour is "#rrggbb".
"""

from __future__ import annotations

LEAST_CONTRAST = 4.5
_REDS = ("#b3261e", "#ffb4ab")
"""What is wrong is written in the one that can be read on the cards, if one can."""

_LIGHTEST_SHARES = (0.35, 0.25, 0.15, 0.0)


def luminance(colour: str) -> float:
    """Relative luminance, from 0 (black) to 1 (white)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with so much of the other in it (0 to 1)."""
    parts = [(int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in parts)


def on(colour: str) -> str:
    """Black or white, whichever is read better on the colour: it is always enough."""
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, colour))


def quiet(text: str, *grounds: str) -> str:
    """The text's colour for what matters less: as pale as can still be read on all of `grounds`."""
    pale = (mix(text, grounds[0], share) for share in _LIGHTEST_SHARES)
    return next((each for each in pale if all(contrast(each, one) >= LEAST_CONTRAST for one in grounds)), text)


def complaints(*, ground: str, card: str, text: str, accent: str) -> dict[str, str]:
    """What cannot be read: the name of the colour to change -> why, for people."""
    pairs = (("text", text, "background", ground), ("text", text, "cards", card), ("accent", accent, "cards", card))
    return {
        name: f"{ink} on the {where} ({under}) is hard to read: "
        f"contrast {contrast(ink, under):.1f}, at least {LEAST_CONTRAST} is needed."
        for name, ink, where, under in pairs
        if contrast(ink, under) < LEAST_CONTRAST
    }


def variables(*, ground: str, card: str, text: str, accent: str) -> str:
    """The colours as a rule of CSS that sets its variables."""
    values = {
        "ground": ground,
        "card": card,
        "text": text,
        "accent": accent,
        "on-accent": on(accent),
        "quiet": quiet(text, card, ground),
        "line": mix(card, text, 0.14),
        "soft": mix(card, accent, 0.1),
        "wrong": next((red for red in _REDS if contrast(red, card) >= LEAST_CONTRAST), text),
    }
    scheme = "light" if luminance(card) > luminance(text) else "dark"
    return f":root{{color-scheme:{scheme};{''.join(f'--{name}:{value};' for name, value in values.items())}}}"
