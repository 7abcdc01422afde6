import io

import pytest

from vosbench.progress import Bar, clock


def test_without_a_terminal_a_plain_line_comes_every_hundred_steps_and_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Bar() as bar:
        bar.begin("train", 250)
        for step in range(1, 251):
            bar.tick(f"loss {step}" if step % 20 == 0 else "")
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 3
    for line, step, note in zip(lines, (100, 200, 250), (100, 200, 240), strict=True):
        assert line.startswith(f"train {step}/250  0:00:0")
        assert line.endswith(f"left  loss {note}")


def test_the_time_left_is_told_from_the_steps_of_this_run_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("vosbench.progress.time.perf_counter", lambda: now[0])
    with Bar() as bar:
        bar.begin("train", 300, done=150)
        for _ in range(50):
            now[0] += 0.3
            bar.tick()
    assert capsys.readouterr().err == "train 200/300  0:00:30 left\n"  # 100 steps of 0.3 s


def test_where_steps_are_long_there_is_a_line_every_twenty_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("vosbench.progress.time.perf_counter", lambda: now[0])
    with Bar() as bar:
        bar.begin("accuracy", 10)
        for _ in range(5):
            now[0] += 12.0
            bar.tick()
    told = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in told] == ["2/10", "4/10"]


def test_on_a_terminal_there_is_a_bar_and_no_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with Bar() as bar:
        bar.begin("train", 100)
        for _ in range(100):
            bar.tick("loss 1")
    assert "100/100" in screen.getvalue()
    assert "left" not in screen.getvalue()


def test_a_run_that_has_not_begun_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar.tick("loss 1")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (360_000, "100:00:00")]
)
def test_a_clock_counts_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text
