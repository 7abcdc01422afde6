"""What CONTRIBUTING.md promises, done."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.harness.here import Here
from vosbench import registry
from vosbench.errors import one_line
from vosbench.harness.run import bench
from vosbench.harness.settings import Settings
from vosbench.results import Store

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


class Silent:
    def begin(self, title: str, steps: int) -> None: ...

    def tick(self) -> None: ...


@pytest.fixture
def names() -> Iterator[dict[str, object]]:
    """The guide's module, executed; forgotten afterwards."""
    registry.methods()
    before = dict(registry._modules)
    code = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    scope: dict[str, object] = {"__name__": "methods.first_value"}
    exec(compile(code, "CONTRIBUTING.md", "exec", dont_inherit=True), scope)
    yield scope
    registry._modules.clear()
    registry._modules.update(before)


def run(store: Path, method: str, harnesses: tuple[str, ...]) -> list[str]:
    settings = Settings(
        methods=(method,), data=("synthetic:length=3,scenario=drift",), short_side=48,
        weights="none", harnesses=harnesses, store=store,
    )  # fmt: skip
    return bench(settings, Silent(), Here).failed


@pytest.mark.usefixtures("names")
def test_the_module_of_the_guide_is_measured_by_every_harness(tmp_path: Path) -> None:
    assert run(tmp_path, "first_value", ("accuracy", "flops", "growth")) == []
    assert set(Store(tmp_path).frame().harness) == {"accuracy", "flops", "growth", "scaling"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x * float("nan"), "not finite at frame 1"),
        (lambda x: x[:, :-1], "read returned (2, 127, 3, 6); expected (2, 128, 3, 6)"),
    ],
)
def test_a_readout_that_cannot_be_right_is_a_failure_and_no_number(
    tmp_path: Path, names: dict[str, object], change: object, words: str
) -> None:
    base = names["FirstValue"]

    class Wrong(base):  # type: ignore[misc, valid-type]
        def read(self, state: object, query: Tensor) -> tuple[Tensor, object]:
            readout, state = super().read(state, query)
            return change(readout), state  # type: ignore[operator]

    registry.register("wrong")(Wrong)
    failed = run(tmp_path, "wrong", ("accuracy",))
    assert len(failed) == 1
    assert words in failed[0]
    assert len(Store(tmp_path).frame()) == 0


def test_a_reason_is_one_line_of_bounded_length() -> None:
    assert len(one_line(RuntimeError(str(torch.zeros(99, 99).tolist())))) < 320
