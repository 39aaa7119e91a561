"""Comments of C are wrapped where they are prose, and left alone where they are tables."""

from wrap_comments import wrapped

LONG = "    // " + "word " * 30


def test_a_long_line_is_wrapped_with_the_rest_of_its_paragraph():
    lines = ["int a;", LONG.rstrip(), "    // and more", "int b;"]
    result = wrapped(lines)
    assert result[0] == "int a;" and result[-1] == "int b;"
    assert len(result) == 4 and all(len(line) <= 120 for line in result)
    assert result[-2].endswith("word and more")
    assert wrapped(result) == result


def test_what_is_short_a_table_or_code_stays():
    lines = ["// short", "// too", "//   table" + " x" * 80, "f(" + "x, " * 50 + "x); // y"]
    assert wrapped(lines) == lines
