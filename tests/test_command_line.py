"""The command line's own mistakes: one line on stderr, and exit status 2."""

from __future__ import annotations

import sys

import pytest

from vosbench.cli import main


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("bench --size 0", "Invalid value for '--size'"),
        ("bench --threads -1", "Invalid value for '--threads'"),
        ("bench --growth-t many", "Invalid value for '--growth-t'"),
        ("bench --nosuch", "No such option: --nosuch"),
        ("check", "Missing argument"),
        ("nosuch", "No such command 'nosuch'"),
        ("bench --methods ,", "--methods ',': a name is empty"),
        ("bench --methods gc,,stm", "--methods 'gc,,stm': a name is empty"),
        ("bench --store=", "an empty name for a folder: expected one"),
        ("report --out=", "an empty name for a folder: expected one"),
        ("ablate --grid stm.every=1,2 --match-macs 1G", "--grid stm.every: --match-state and"),
        ("check gc --limit 0", "Invalid value for '--limit'"),
    ],
)
def test_a_misused_option_is_told_in_one_line(
    line: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vosbench", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    (said,) = err.splitlines()
    assert said.startswith(f"error: {told}")


@pytest.mark.parametrize(("line", "code"), [("--version", 0), ("bench --help", 0), ("", 2)])
def test_what_is_asked_for_is_said_whole(
    line: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vosbench", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert "vosbench" in "".join(capsys.readouterr())


def test_a_verb_that_lacks_its_own_says_so_below_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vosbench", "data"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err.startswith("error: a command is missing: see ")
