from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.runs import recipe
from vosbench.errors import DataError
from vosbench.progress import Bar
from vosbench.training.log import Log
from vosbench.training.loop import Done
from vosbench.training.recipe import Recipe


class FakeBar(Bar):
    def __init__(self) -> None:
        self.begun: tuple[str, int, int] | None = None
        self.notes: list[str] = []

    def begin(self, title: str, steps: int, done: int = 0) -> None:
        self.begun = (title, steps, done)

    def tick(self, note: str = "") -> None:
        self.notes.append(note)


class Curves:
    def __init__(self, *_: object, **options: object) -> None:
        self.options = options
        self.points: list[tuple[str, float, int]] = []

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.points.append((name, value, step))

    def close(self) -> None:
        self.closed = True


PLAN: Recipe = recipe(50)  # 100 steps of 2 clips


def done(step: int, loss: float = 1.0) -> Done:
    return Done(step, loss, 0.5, 0.1, None)  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    made: list[Curves] = []

    def writer(*args: object, **options: object) -> Curves:
        made.append(Curves(*args, **options))
        return made[-1]

    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter", writer)
    with Log(tmp_path, FakeBar(), PLAN) as log:
        yield log
    assert all(c.closed for c in made)


def test_twenty_steps_give_their_mean_loss_clips_a_second_and_the_wait(log: Log) -> None:
    for step in range(1, 22):
        log.step(done(step, loss=step))
    notes = log.bar.notes  # type: ignore[attr-defined]
    assert [i for i, n in enumerate(notes, 1) if n] == [20]
    assert notes[19] == "loss 10.500  4.0 clips/s  20% waiting"  # 2 clips in half a second
    assert log.writer.points == [
        ("loss", 10.5, 20),
        ("clips_per_second", 4.0, 20),
        ("waited_for_clips", pytest.approx(0.2), 20),
    ]


def test_held_out_j_is_a_curve_and_stays_in_the_note(log: Log) -> None:
    for step in range(1, 41):
        log.step(done(step), 0.625 if step == 10 else None)
    notes = [n for n in log.bar.notes if n]  # type: ignore[attr-defined]
    assert len(notes) == 2
    assert all(n.endswith("held-out J 0.625") for n in notes)
    assert ("held_out_J", 0.625, 10) in log.writer.points


def test_a_resumed_run_begins_its_bar_and_its_curves_where_it_goes_on(log: Log) -> None:
    log.step(done(61))
    assert log.bar.begun == ("train", 100, 60)  # type: ignore[attr-defined]
    assert log.writer.options == {"purge_step": 61}


def test_the_last_step_is_told_of_however_few_have_come_since(log: Log) -> None:
    for step in (98, 99, 100):
        log.step(done(step))
    assert [bool(n) for n in log.bar.notes] == [False, False, True]  # type: ignore[attr-defined]


def test_curves_that_cannot_be_written_are_told_of_in_one_line(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Curves, "add_scalar", full)
    for step in range(1, 20):
        log.step(done(step))
    with pytest.raises(DataError, match=r"logs cannot be written \(No space left on device\)"):
        log.step(done(20))
