"""The README's picture that moves is of a run whose numbers are the core's, and its end is what
shows where nothing moves."""

import re
from xml.etree import ElementTree

import learning_picture
import learning_run
import pytest

LIMIT = 200_000


@pytest.fixture(scope="module")
def learning():
    return learning_run.on_the_desk()


def test_it_shows_what_the_core_learns(learning):
    assert learning_picture.PICTURE.read_text() == learning_picture.draw(learning)
    assert learning_picture.PICTURE.stat().st_size < LIMIT


def test_without_motion_it_is_the_end(learning):
    """What neither the style nor a moment hides: of each digit the last answer."""
    root = ElementTree.fromstring(learning_picture.PICTURE.read_text())
    texts = [one for one in root.iter("{http://www.w3.org/2000/svg}text")]
    visible = [one.text for one in texts if "past" not in one.get("class").split()]
    last = learning.moments[-1]
    answers = [text for text in visible if re.fullmatch(r"\d . ?", text)]
    assert [int(text[0]) for text in answers] == last.answers
    share = 100 * last.right / learning.tests
    assert f"after {last.samples:,} samples: {share:.1f}% right" in visible
