"""Colours of the page can be told apart: the contrast of WCAG 2.1, section 1.4.3, 4.5 to 1 for
text, and 1.4.11, 3 to 1 for lines of charts, in light and dark."""

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).resolve().parents[2] / "examples/page/style.css"
LEAST = {"text": 4.5, "quiet": 4.5, "trouble": 4.5, "int8": 4.5, "float32": 3.0, "before": 3.0}


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_their_contrast(scheme):
    blocks = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w+)", blocks[scheme == "dark"]))
    for name, least in LEAST.items():
        for ground in ("page", "card"):
            found = contrast(colours[name], colours[ground])
            assert found >= least, f"{name} on {ground} in {scheme}: {found:.2f}"
