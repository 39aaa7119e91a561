"""What the tests of the page in Chromium share."""

import os
import runpy
from pathlib import Path

import numpy as np
import pytest
from browser import Browser

from fqt import ModelFile, core

FOLDER = Path(os.environ.get("FQT_PAGE", "none"))
NEED_CHROMIUM = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="`make test-page` brings Chromium and runs it"),
]
DEMO = Path(__file__).parents[2] / "examples/rotated_digits/demo.py"


def open_page(browser: Browser, address: str, *scripts: str) -> Browser:
    """Open the page, after scripts that run before its own; gives the browser."""
    browser.resize(1280, 800)
    for script in scripts:
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
    browser.call("Page.navigate", url=address)
    browser.wait("document.getElementById('train')?.disabled === false")
    return browser


def screenshot(page: Browser, name: str) -> None:
    """Into the folder that FQT_SCREENSHOTS names, if it does."""
    if "FQT_SCREENSHOTS" in os.environ:
        page.screenshot(Path(os.environ["FQT_SCREENSHOTS"]) / f"{name}.png")


def text(page: Browser, name: str) -> str:
    return page.evaluate(f"document.getElementById({name!r}).textContent")


def click(page: Browser, name: str) -> None:
    page.evaluate(f"document.getElementById({name!r}).click()")


def drop(page: Browser, name: str, data: bytes) -> None:
    """Drop a file on the page."""
    page.evaluate(
        f"""(() => {{
        const files = new DataTransfer();
        files.items.add(new File([Uint8Array.from({list(data)})], {name!r}));
        document.dispatchEvent(new DragEvent("drop", {{dataTransfer: files, bubbles: true}}));
        }})()"""
    )


def samples() -> tuple[np.ndarray, np.ndarray]:
    """The page's training samples, uint8 [400][8][8][1] and labels."""
    data = np.frombuffer((FOLDER / "samples.bin").read_bytes(), np.uint8)
    count = int(data[:2].view("<u2")[0])
    x = (data[4 : 4 + 64 * count] * 15).reshape(count, 8, 8, 1)
    return x, data[4 + 64 * count : 4 + 65 * count]


def on_the_desk(model: ModelFile) -> core.Model:
    """What the page makes of a model."""
    x, y = samples()
    net = core.Model(model, master=12)
    for order, rate in runpy.run_path(str(DEMO))["epochs_of_fit"](len(y), 15):
        net.train_many(x, y, order, rate)
    return net
