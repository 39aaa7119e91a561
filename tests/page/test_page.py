"""The page in Chromium: it loads without errors, learns, to the bytes of the desk's library, and
takes drawings, lessons and files. `make test-page` runs it."""

import pytest
from browser import Browser, served
from pages import FOLDER, NEED_CHROMIUM, click, drop, on_the_desk, open_page, screenshot, text

from fqt import ModelFile, core

pytestmark = NEED_CHROMIUM
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
        try:
            yield lambda *scripts: open_page(browser, address, *scripts)
        finally:
            browser.close()


@pytest.fixture
def page(opened):
    return opened()


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
    desk = on_the_desk(ModelFile.read(FOLDER / "digits.fqt"))
    assert bytes(page.evaluate(SAVED)) == desk.to_bytes()
    assert f"{desk.memory:,} bytes" in text(page, "memory")
    wait_for_guess(page, "It sees a 7")
    screenshot(page, "page")
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
    """What a browser loads; the folders named board wait until there is one."""
    names = [path.relative_to(FOLDER) for path in FOLDER.rglob("*") if path.is_file()]
    loaded = [name for name in names if "board" not in name.parts]
    assert sum((FOLDER / name).stat().st_size for name in loaded) < LIMIT


def test_it_loads_nothing_for_boards_before_there_is_one(page):
    names = page.evaluate("performance.getEntriesByType('resource').map(({name}) => name)")
    assert any(name.endswith("/js/main.js") for name in names)
    assert not any("/board/" in name for name in names)
