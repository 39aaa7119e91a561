"""The page in Chromium: it loads without errors, learns, to the bytes of the desk's library, and
takes drawings, lessons and files. `make test-page` runs it."""

import os
import runpy
from pathlib import Path

import numpy as np
import pytest
from browser import Browser, served

from fqt import ModelFile, core

FOLDER = Path(os.environ.get("FQT_PAGE", "none"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="`make test-page` brings Chromium and runs it"),
]
DEMO = Path(__file__).parents[2] / "examples/rotated_digits/demo.py"
LIMIT = 200_000
SAVED = """new Promise((done) => {
    URL.createObjectURL = (blob) => {
        blob.arrayBuffer().then((bytes) => done(Array.from(new Uint8Array(bytes))));
        return "#";
    };
    document.getElementById("save").click();
})"""


# What a browser without workers for modules has.
NO_WORKER = "delete window.Worker"
RECORD_FRAMES = """(() => {
    window.longestFrame = 0;
    let last = performance.now();
    const record = (now) => {
        window.longestFrame = Math.max(window.longestFrame, now - last);
        last = now;
        requestAnimationFrame(record);
    };
    requestAnimationFrame(record);
})()"""
LONGEST_FRAME = 250  # milliseconds; about 50 where no other tests run, 600 without parts


@pytest.fixture
def opened(tmp_path):
    """Opens the page, after scripts that run before its own."""
    with served(FOLDER) as address:
        browser = Browser(tmp_path)

        def open_page(*scripts):
            browser.resize(1280, 800)
            for script in scripts:
                browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
            browser.call("Page.navigate", url=address)
            browser.wait("document.getElementById('train')?.disabled === false")
            return browser

        try:
            yield open_page
        finally:
            browser.close()


@pytest.fixture
def page(opened):
    return opened()


def text(page, name):
    return page.evaluate(f"document.getElementById({name!r}).textContent")


def click(page, name):
    page.evaluate(f"document.getElementById({name!r}).click()")


def draw_seven(page):
    box = "document.getElementById('pad').getBoundingClientRect()"
    left, top, width = page.evaluate(f"[{box}.x, {box}.y, {box}.width]")
    line = [(0.3 + 0.04 * i, 0.2) for i in range(11)]
    line += [(0.7 - 0.025 * i, 0.2 + 0.06 * i) for i in range(11)]
    places = [(left + width * x, top + width * y) for x, y in line]
    page.mouse("mousePressed", *places[0])
    for place in places[1:]:
        page.mouse("mouseMoved", *place)
    page.mouse("mouseReleased", *places[-1])


def drop(page, name, data):
    page.evaluate(
        f"""(() => {{
        const files = new DataTransfer();
        files.items.add(new File([Uint8Array.from({list(data)})], {name!r}));
        document.dispatchEvent(new DragEvent("drop", {{dataTransfer: files, bubbles: true}}));
        }})()"""
    )


def samples():
    """The page's training samples, uint8 [400][8][8][1] and labels."""
    data = np.frombuffer((FOLDER / "samples.bin").read_bytes(), np.uint8)
    count = int(data[:2].view("<u2")[0])
    x = (data[4 : 4 + 64 * count] * 15).reshape(count, 8, 8, 1)
    return x, data[4 + 64 * count : 4 + 65 * count]


def on_the_desk():
    x, y = samples()
    net = core.Model(ModelFile.read(FOLDER / "digits.fqt"), master=12)
    for order, rate in runpy.run_path(str(DEMO))["epochs_of_fit"](len(y), 15):
        net.train_many(x, y, order, rate)
    return net


def accuracies(told):
    """Of "int8 96.5%, float32 96.2%" the numbers."""
    return [float(word.rstrip("%,.")) for word in told.split() if "%" in word]


def wait_for_guess(page, start):
    page.wait(f"document.getElementById('guess').textContent.startsWith({start!r})")


@pytest.mark.parametrize("before_all", [None, NO_WORKER], ids=["in a worker", "without workers"])
def test_it_trains_to_the_desks_bytes(opened, before_all):
    page = opened(before_all) if before_all else opened()
    before = accuracies(text(page, "progress"))
    draw_seven(page)
    wait_for_guess(page, "It sees a ")
    page.evaluate(RECORD_FRAMES)
    click(page, "train")
    page.wait("document.getElementById('progress').textContent.startsWith('Trained')")
    assert page.evaluate("longestFrame") < LONGEST_FRAME
    int8, float32 = accuracies(text(page, "progress"))[:2]
    assert before[0] < 30 and int8 > 90 and float32 > 90
    desk = on_the_desk()
    assert bytes(page.evaluate(SAVED)) == desk.to_bytes()
    assert f"{desk.memory:,} bytes" in text(page, "memory")
    wait_for_guess(page, "It sees a 7")
    if "FQT_SCREENSHOTS" in os.environ:
        page.screenshot(Path(os.environ["FQT_SCREENSHOTS"]) / "page.png")
    page.resize(375, 760)
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert page.errors == []


def test_it_learns_a_lesson_and_takes_files(page):
    draw_seven(page)
    for _ in range(4):
        page.evaluate("document.querySelectorAll('#labels button')[3].click()")
    wait_for_guess(page, "It sees a 3")
    file = (FOLDER / "digits.fqt").read_bytes()
    drop(page, "torn.fqt", file[:-1])
    page.wait("document.getElementById('trouble').textContent !== ''")
    with pytest.raises(ValueError) as of_desk:
        core.Model(file[:-1])
    assert text(page, "trouble") == str(of_desk.value)
    assert text(page, "guess").startswith("It sees a 3")  # nothing has changed
    drop(page, "digits.fqt", file)
    page.wait("document.getElementById('progress').textContent.startsWith('Before')")
    assert text(page, "trouble") == ""
    assert page.errors == []


def test_a_keyboard_draws(page):
    page.evaluate("document.getElementById('pad').focus()")
    page.evaluate(
        """[" ", ...Array(6).fill("ArrowDown")].forEach((key) =>
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key})))"""
    )
    wait_for_guess(page, "It sees a ")
    assert page.errors == []


def test_a_test_digit_is_shown_and_cleared(page):
    inked = """document.getElementById('pad').getContext('2d')
        .getImageData(0, 0, 256, 256).data.some((value) => value > 0)"""
    click(page, "sample")
    wait_for_guess(page, "It sees a ")
    assert page.evaluate(inked)
    click(page, "clear")
    wait_for_guess(page, "Draw")
    assert not page.evaluate(inked)
    assert page.errors == []


def test_opened_as_a_file_it_says_how_to_open_it(tmp_path):
    browser = Browser(tmp_path)
    try:
        browser.call("Page.navigate", url=(FOLDER / "index.html").as_uri())
        browser.wait("document.getElementById('trouble')?.textContent !== ''")
        assert "python3 -m http.server" in text(browser, "trouble")
    finally:
        browser.close()


def test_it_is_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < LIMIT
