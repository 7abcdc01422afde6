"""What `vosbench list` prints, at the widths of terminals."""

import pytest

from vosbench import registry
from vosbench.harness.listing import ABOUT, listing
from vosbench.harness.settings import HARNESSES


def section(text: str, title: str) -> list[str]:
    _, _, after = f"\n{text}".partition(f"\n{title}\n")
    return after.partition("\n\n")[0].splitlines()


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_cut(width: int) -> None:
    lines = listing(width).splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    whole = "".join(listing(10_000).split())
    assert "".join("".join(lines).split()) == whole  # nothing lost, nothing put in
    words = {w for w in listing(10_000).split() if len(w) < 30}
    assert words <= set(listing(width).split())


@pytest.mark.parametrize("width", [60, 80])
def test_every_text_of_a_section_begins_in_one_column_past_the_longest_name(width: int) -> None:
    lines = section(listing(width), "methods")
    longest = max(map(len, registry.methods()))
    for line in lines:
        assert line[longest + 2 : longest + 4] == "  "
        assert line[longest + 4] != " "
    named = [line.split()[0] for line in lines if line[2] != " "]
    assert named == list(registry.methods())


def test_every_harness_says_what_it_measures() -> None:
    assert ABOUT.keys() == set(HARNESSES)
    lines = section(listing(100), "harnesses")
    assert [line.split(maxsplit=1)[0] for line in lines] == list(HARNESSES)
    assert all(len(line.split(maxsplit=1)[1]) > 20 for line in lines)


def test_the_terminals_width_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, expected in (("70", 70), ("400", 100)):
        monkeypatch.setenv("COLUMNS", columns)
        assert listing() == listing(expected)
