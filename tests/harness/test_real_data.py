"""GC over real video: predictions on disk and records in the store tell the same story."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.shared import SHARED, needs_shared
from vosbench.cli import app, main
from vosbench.data.png import PALETTE
from vosbench.harness.run import bench
from vosbench.harness.score_folders import score_folders
from vosbench.harness.score_output import tell
from vosbench.harness.settings import Settings
from vosbench.results import Store


class Silent:
    def begin(self, title: str, steps: int) -> None: ...

    def tick(self) -> None: ...


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("davis")
    (root / "one.txt").write_text("car-shadow\n")
    spec = f"davis2016={SHARED / 'data' / 'davis2016'}"
    settings = Settings(
        methods=("gc",), data=(spec,), split=root / "one.txt", harnesses=("accuracy",),
        short_side=64, store=root / "store",
    )  # fmt: skip
    assert bench(settings, Silent()).failed == []
    return root


def predicted(run: Path) -> Path:
    (cell,) = Store(run / "store").cells()
    return run / "store/predictions" / cell.folder


@needs_shared
def test_predictions_are_indexed_pngs_with_the_palette_of_davis_at_full_size(run: Path) -> None:
    with Image.open(predicted(run) / "00030.png") as image:
        assert image.mode == "P"
        assert image.size == (854, 480)
        assert image.getpalette()[:12] == np.asarray(PALETTE).reshape(-1)[:12].tolist()


@needs_shared
def test_scoring_the_predictions_from_disk_gives_the_recorded_numbers(run: Path) -> None:
    truth = SHARED / "data/davis2016/Annotations/480p/car-shadow"
    tell(score_folders(truth, predicted(run), "davis2016"), json_file=run / "score.json")
    scored = json.loads((run / "score.json").read_text())["sequences"]["car-shadow"]["1"]
    records = Store(run / "store").frame()
    for metric in ("J", "F"):
        recorded = records[records.metric == metric].value
        assert recorded.mean() == pytest.approx(scored[metric]["mean"], abs=1e-12)


def test_the_verbs_that_the_readme_names_exist() -> None:
    verbs = {c.name or c.callback.__name__ for c in app.registered_commands}
    assert verbs >= {"list", "bench", "train", "report", "score"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bench", "--methods", "gcc"], "unknown method 'gcc': did you mean gc"),
        (["bench", "--preset", "minni"], "unknown preset 'minni': did you mean mini"),
        (["bench", "--data", "davis2061=x"], "unknown dataset"),
        (["bench", "--data", "davis2016=nowhere"], "nowhere: there is nothing of that name"),
        (["bench", "--harness", "fps"], "unknown harness 'fps'"),
        (["bench", "--device", "cuda:9"], "device 'cuda:9': torch"),
        (["bench", "--weights", "nowhere.safetensors"], "nowhere.safetensors"),
        (["score", "nowhere", "here"], "nowhere"),
        (["train", "gc", "--out", "x"], "nothing to train on"),
        (["report", "nowhere"], "nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["vosbench", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert words in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
