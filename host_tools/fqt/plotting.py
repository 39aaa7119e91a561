"""matplotlib, for those commands that plot: an optional package."""

from __future__ import annotations


def pyplot():
    """matplotlib.pyplot, drawing to files. Raises RuntimeError that says what to install."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise RuntimeError("plots need matplotlib: pip install 'fqt-host[plot]'") from None
    return pyplot
