"""Charts as numbers for an SVG: where each part of each column stands and how high it is. The template draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

WIDTH, HEIGHT, FOOT, MARGIN = 720, 260, 30, 56
"""In the units of the picture; the foot is for the days, the margin for the scale."""

TEXTURES = 6
"""Parts that can be told apart by colour and texture; what is more is one part, the other ones, with a texture of its own."""

LINES = 5
"""The scale has at most so many lines above the ground."""


class Part(NamedTuple):
    """A part of a column: the texture it is filled with, its label, its figure, its place from above, and its height."""

    texture: int
    label: str
    figure: int
    y: float
    height: float


class Column(NamedTuple):
    """A column: its label, the figure of all its parts, and its place from the left."""

    label: str
    figure: int
    parts: list[Part]
    x: float
    width: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 1)


class Chart(NamedTuple):
    """A picture `width` by `height` whose columns stand on `ground`, with a scale of (figure, place from above).

    `legend` are (texture, key, label, figure in all columns) of the parts; `rows` are (label, figures of the parts, their sum).
    """

    columns: list[Column]
    scale: list[tuple[int, float]]
    legend: list[tuple[int, str, str, int]]
    rows: list[tuple[str, list[int], int]]
    width: int
    height: int
    ground: int
    margin: int


def stacked(columns: Sequence[tuple[str, Mapping[str, int]]], parts: Sequence[tuple[str, str, int]]) -> Chart:
    """A column for each (label, figure of each part by its key). `parts` are (key, label, figure in all), the largest first.

    The first ones are drawn one by one, what is beyond `TEXTURES` as one.
    """
    drawn, rest = list(parts[:TEXTURES]), parts[TEXTURES:]
    legend = [(texture, key, label, figure) for texture, (key, label, figure) in enumerate(drawn)]
    if rest:
        legend.append((TEXTURES, "", f"{len(rest)} others", sum(figure for _, _, figure in rest)))
    rows = []
    for label, figures in columns:
        counted = [figures.get(key, 0) for key, _, _ in drawn]
        counted += [sum(figures.get(key, 0) for key, _, _ in rest)] if rest else []
        rows.append((label, counted, sum(counted)))
    ground, top = HEIGHT - FOOT, 12
    step = _step(max((total for _, _, total in rows), default=0))
    most = step * -(-max([1, *(total for _, _, total in rows)]) // step)
    unit = (ground - top) / most
    scale = [(figure, round(ground - figure * unit, 1)) for figure in range(0, most + 1, step)]
    width = (WIDTH - MARGIN) / max(len(rows), 1)
    return Chart(
        [_column(row, legend, MARGIN + place * width, width, ground, unit) for place, row in enumerate(rows)],
        scale,
        legend,
        rows,
        WIDTH,
        HEIGHT,
        ground,
        MARGIN,
    )


def _column(
    row: tuple[str, list[int], int],
    legend: Sequence[tuple[int, str, str, int]],
    x: float,
    width: float,
    ground: int,
    unit: float,
) -> Column:
    """The parts one upon the other, the largest at the ground."""
    label, figures, total = row
    parts, y = [], float(ground)
    for (texture, _, name, _), figure in zip(legend, figures, strict=True):
        height = figure * unit
        y -= height
        if figure:
            parts.append(Part(texture, name, figure, round(y, 1), round(height, 1)))
    return Column(label, total, parts, round(x + width * 0.12, 1), round(width * 0.76, 1))


def _step(most: int) -> int:
    """The distance of the scale's lines: 1, 2 or 5 with as many noughts as it takes."""
    step, place = 1, 0
    while step * LINES < most:
        place += 1
        step = (1, 2, 5)[place % 3] * 10 ** (place // 3)
    return step
