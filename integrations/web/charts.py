"""Charts as numbers for an SVG: where each bar stands and how high it is. The template draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT, FOOT = 700, 170, 28
"""In the units of the picture; the foot is for the labels."""


class Bar(NamedTuple):
    """One bar: its label, its figure, and its place from the upper left."""

    label: str
    figure: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return self.x + self.width / 2


class Chart(NamedTuple):
    """A picture `width` by `height`, whose bars stand on `ground`."""

    bars: list[Bar]
    width: int
    height: int
    ground: int


def bars(figures: Sequence[tuple[str, int]]) -> Chart:
    """A bar for each (label, figure), as high as the figure is beside the largest."""
    ground = HEIGHT - FOOT
    most = max([count for _, count in figures], default=0) or 1
    step = WIDTH / max(len(figures), 1)
    drawn = [
        Bar(label, count, round(place * step + step * 0.15, 1), ground - height, round(step * 0.7, 1), height)
        for place, (label, count) in enumerate(figures)
        for height in [round(count / most * (ground - 14), 1)]
    ]
    return Chart(drawn, WIDTH, HEIGHT, ground)
