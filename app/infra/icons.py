"""The icons of the installed app, drawn from the mark in static/icons/favicon.svg, the one picture of it."""

import io
import re
from collections.abc import Iterator

from PIL import Image, ImageDraw

UNITS = 24  # the side of the mark's box
FINER = 4  # drawn so much larger, then scaled down: Pillow draws hard edges
SIZES = {
    # name: (pixels, how large the mark is in it)
    "app-192.png": (192, 1.0),
    "app-512.png": (512, 1.0),
    "app-maskable-512.png": (512, 0.85),  # inside the circle of 80 % that any mask leaves (W3C manifest, maskable)
    "apple-touch-icon.png": (180, 1.0),
}
_STEP = re.compile(r"([MLHVlhvz])([^MLHVlhvz]*)")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
Point = tuple[float, float]


def draw(svg: str) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of each icon; the same SVG and Pillow give the same bytes.

    `svg` is a box of 24 x 24 units with a path that fills it and one that is stroked round: M, L, H, V, l, h, v and z,
    each but z with numbers. ValueError for another.
    """
    ground, stroked = re.findall(r"<path[^>]*>", svg)
    paper, ink = _attribute(ground, "fill"), _attribute(stroked, "stroke")
    width, lines = float(_attribute(stroked, "stroke-width")), _lines(_attribute(stroked, "d"))
    for name, (pixels, part) in SIZES.items():
        side = pixels * FINER
        image = Image.new("RGB", (side, side), paper)
        pen, scale = ImageDraw.Draw(image), side / UNITS * part
        shift = side * (1 - part) / 2
        for line in lines:
            points = [(shift + x * scale, shift + y * scale) for x, y in line]
            pen.line(points, ink, round(width * scale))
            for x, y in points:  # round caps and joins
                pen.circle((x, y), width * scale / 2, ink)
        out = io.BytesIO()
        small = image.resize((pixels, pixels), Image.Resampling.LANCZOS)
        small.quantize(32, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        yield name, out.getvalue()


def _attribute(element: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', element)
    if found is None:
        raise ValueError(f"no {name} in {element}")
    return found[1]


def _lines(path: str) -> list[list[Point]]:
    """The lines of an SVG path of straight steps, each as its points."""
    lines: list[list[Point]] = []
    x = y = 0.0
    for step, rest in _STEP.findall(path):
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        if step == "z":
            lines[-1].append(lines[-1][0])
            continue
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True)) if step in "MLl" else []
        if step in "Hh":
            pairs = [(number, y if step == "H" else 0) for number in numbers]
        elif step in "Vv":
            pairs = [(x if step == "V" else 0, number) for number in numbers]
        for across, down in pairs:
            x, y = (x + across, y + down) if step.islower() else (across, down)
            if step == "M":
                lines.append([])
            lines[-1].append((x, y))
    return lines
