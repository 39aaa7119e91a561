"""A report as one page of HTML: no script, no file beside it, nothing fetched."""

from __future__ import annotations

import math
from html import escape

from fqt.importers.report import LOW_DECIBELS, Report, decibels, idle, share
from fqt.version import __version__

FULL = 60.0  # dB: the length of a whole bar
WIDTH, HEIGHT = 240, 12
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fff }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 1.6em }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 }
td, th { padding: .15em .9em .15em 0; border-bottom: 1px solid #ddd }
td.number { text-align: right; font-variant-numeric: tabular-nums }
li.finding { margin: .4em 0 }
"""


def page(report: Report) -> str:
    """The whole file."""
    title = f"{report.name}: the converted network against its source"
    summary = "".join(f"<li>{escape(line)}</li>" for line in report.summary())
    found = "".join(f'<li class="finding">{escape(line)}</li>' for line in report.findings)
    rows = "".join(_row(row) for row in report.layers)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<ul>{summary}</ul>
<h2>What to do</h2>
{f"<ul>{found}</ul>" if found else "<p>Nothing was found wrong.</p>"}
<h2>Each layer's output, int8 against float</h2>
<table><tr><th>tensor</th><th>kind</th><th colspan="2">signal to noise</th><th>clipped</th>
<th>idle channels</th></tr>{rows}</table>
<p>Signal to noise: the power of the float values by that of their difference from the int8 ones;
below {LOW_DECIBELS:.0f} dB the bar is red. Clipped: the share of float values that the int8 range
does not hold. Idle channels: those that never change on these samples.</p>
<p>Made by fqt {escape(__version__)}.</p>
</body></html>
"""


def _row(row) -> str:
    cells = [f"<td>{escape(row.name)}</td><td>{escape(row.kind)}</td><td>{_bar(row)}</td>"]
    cells += [
        f'<td class="number">{escape(text)}</td>'
        for text in (decibels(row), share(row.clipped), idle(row))
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _bar(row) -> str:
    ratio = row.signal_to_noise
    if math.isnan(ratio):
        return ""
    length = WIDTH * min(max(ratio, 0.5), FULL) / FULL
    colour = "#b3261e" if ratio < LOW_DECIBELS else "#2f6f9f"
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(decibels(row))}">'
        f'<rect width="{length:.1f}" height="{HEIGHT}" fill="{colour}"/></svg>'
    )
