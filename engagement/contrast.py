"""Whether a colour can be told from its ground (WCAG 2.2, 1.4.11)."""

from __future__ import annotations

import re

LEAST = 3.0  # for a line or a bar, in which nothing has to be read
# The cards of templates/emails/layout.html, by day and by night, and how far the brand's colour is lightened there.
WHITE, DARK, LIGHTENED = "#ffffff", "#1d2023", 0.3
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")


def is_colour(text: str) -> bool:
    return bool(_COLOUR.match(text))


def ratio(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def warnings(colour: str) -> list[str]:
    """What is wrong with a brand's colour as the frame of its emails uses it; nothing for a good one."""
    if not is_colour(colour):
        return []
    by_day, by_night = ratio(colour, WHITE), ratio(_lightened(colour), DARK)
    said = []
    if by_day < LEAST:
        said.append(f"Hardly visible on white: its contrast is {by_day:.1f}, and {LEAST:.0f} are needed. Darken it.")
    if by_night < LEAST:
        said.append(
            f"Hardly visible in a dark mailbox: its contrast is {by_night:.1f}, and {LEAST:.0f} are needed. Lighten it."
        )
    return said


def _parts(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def _lightened(colour: str) -> str:
    return "#" + "".join(f"{round(255 * (part + (1 - part) * LIGHTENED)):02x}" for part in _parts(colour))


def _luminance(colour: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
