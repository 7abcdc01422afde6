"""What a user types after ``vosbench train``, and the mistakes in it."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.data.builders import make_davis, save_mask
from tests.model.test_weights import room_for
from tests.training.stills import write_stills
from vosbench.errors import DataError, UsageError
from vosbench.harness.settings import Settings
from vosbench.harness.subject import prepare
from vosbench.model import weights
from vosbench.training import main, smoke
from vosbench.training.checkpoint import NAME
from vosbench.training.held_out import read
from vosbench.training.main import Options, train
from vosbench.training.recipe import RECIPES, Recipe, Stage, recipe

TINY = Recipe(
    stages=(Stage(3, 32, 0.5, 1, 1e-3, "cross_entropy"),),
    batch=2, optimiser="adamw", backbone_rate=0.3, key_rate=0.1, cosine=True,
    half_decoder=False, average=0.5,
)  # fmt: skip
VIDEOS = "synthetic:length=3,size=48x64,scenario=drift"
HELD = "synthetic:length=3,size=48x64,scenario=occlusion,seed=9"


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    return Options(
        method="gc", out=tmp_path / "run", recipe="tiny", videos=(VIDEOS,), start="none",
        stills=(write_stills(tmp_path / "ducks"),), threads=1, workers=0,
    )  # fmt: skip


def test_a_run_leaves_weights_that_say_what_they_were_trained_from(options: Options) -> None:
    (told,) = train(replace(options, held_out=HELD, held_out_every=2, loss="hybrid"))
    assert told == f"weights: {options.out / 'gc-mini.safetensors'}"
    facts = weights.read(options.out / "gc-mini.safetensors")[1]
    assert facts["data"] == ["ducks: 3 stills", f"{VIDEOS}: 1 videos"]
    assert facts["recipe"]["stages"][0]["loss"] == "hybrid"
    assert [(r["step"], r["sequence"]) for r in read(options.out / "held_out.csv")] == [
        ("2", "occlusion"), ("2", "all"), ("3", "occlusion"), ("3", "all"),
    ]  # fmt: skip
    assert list((options.out / "logs").iterdir())


def test_bfloat16_trains_and_is_not_mixed_with_a_run_in_float32(options: Options) -> None:
    train(replace(options, precision="bf16-mixed"))
    assert weights.read(options.out / NAME)[1]["precision"] == "bf16-mixed"
    with pytest.raises(DataError, match=r"has precision bf16-mixed; this run has 32"):
        train(options)


def test_a_run_goes_on_with_its_own_data_alone_wherever_that_lies(
    options: Options, tmp_path: Path
) -> None:
    make_davis(tmp_path / "a", "bear", "dogs")
    for name in ("bear", "dogs"):
        (tmp_path / f"{name}.txt").write_text(name)
    given = replace(options, videos=(f"davis2017={tmp_path / 'a'}",), split=tmp_path / "bear.txt")
    train(given)
    with pytest.raises(DataError, match=r"has data_digest \w{12}; this run has \w{12}: "):
        train(replace(given, split=tmp_path / "dogs.txt"))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    moved = replace(given, videos=(f"davis2017={tmp_path / 'b'}",))
    train(moved)
    save_mask(tmp_path / "b" / "Annotations" / "480p" / "bear" / "00001.png", 2)
    with pytest.raises(DataError, match="has data_digest"):
        train(moved)


def test_two_settings_of_a_memory_leave_two_files_and_each_fits_its_own_alone(
    options: Options,
) -> None:
    one = replace(options, method="gc_ema:rate=0.3,key_dim=32")
    (told,) = train(one)
    path = options.out / "gc_ema-key_dim=32-rate=0.3-mini.safetensors"
    assert told == f"weights: {path}"
    assert weights.read(path)[1]["parameters"] == {"rate": 0.3, "key_dim": 32}
    with pytest.raises(DataError, match=r"parameters\.rate 0\.3; this run has None"):
        train(replace(options, method="gc_ema:key_dim=32"))
    given = Settings(methods=(), weights=str(options.out))
    assert prepare("gc_ema:key_dim=32,rate=0.3", given).weights == weights.digest(path)
    file = replace(given, weights=str(path))
    for text in ("gc_ema", "gc_ema:key_dim=32,rate=0.2", "gc_ema:rate=0.3"):
        with pytest.raises(DataError, match=r"trained with gc_ema:.*rate=0\.3.*; this is gc_ema"):
            prepare(text, file)
    started = replace(
        options, start=str(path), out=options.out / "next", method="gc_ema:key_dim=32"
    )
    with pytest.raises(DataError, match=r"this is gc_ema:key_dim=32: name the method as it was"):
        train(started)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_still_is_named_in_one_line_whoever_makes_the_clips(
    options: Options, workers: int
) -> None:
    for mask in (options.stills[0] / "masks").iterdir():
        mask.write_bytes(b"no mask")
    with pytest.raises(DataError) as caught:
        train(replace(options, workers=workers))
    assert re.fullmatch(r".*masks/\d\.png: cannot be decoded \(not an image.*", str(caught.value))
    assert "Traceback" not in str(caught.value)


def test_a_default_that_is_spelt_out_is_no_other_setting(options: Options) -> None:
    (told,) = train(replace(options, method="gc:key_dim=64"))
    assert told == f"weights: {options.out / 'gc-mini.safetensors'}"
    assert train(options) == [told]  # it goes on, at its end


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"method": "gcc"}, UsageError, r"unknown method 'gcc': did you mean gc"),
        ({"method": "gc:key_dm=8"}, UsageError, r"parameter of gc 'key_dm': did you mean key_dim"),
        ({"method": "gc:key_dim"}, UsageError, r"'key_dim' is not NAME=VALUE"),
        ({"method": "gc:policy_every=2"}, UsageError, r"policy_every is of the host"),
        ({"preset": "minn"}, UsageError, r"unknown preset 'minn'"),
        (
            {"preset": "stm_original", "recipe": ""},
            UsageError,
            r"no recipe of its own: give --re",
        ),
        ({"recipe": "minni"}, UsageError, r"unknown recipe 'minni': did you mean mini"),
        ({"loss": "hybird"}, UsageError, r"unknown loss 'hybird': .*cross_entropy, hybrid"),
        ({"precision": "64"}, UsageError, r"unknown precision '64'.*known: 32, bf16-mixed"),
        ({"device": "tpu"}, UsageError, r"unknown device 'tpu'"),
        ({"start": "nowhere.safetensors"}, UsageError, r"--start nowhere.*expected imagenet, none"),
        ({"stills": ()}, UsageError, r"recipe tiny needs stills"),
        ({"videos": ()}, UsageError, r"recipe tiny needs videos: give --videos"),
        ({"stills": (), "videos": ()}, UsageError, r"nothing to train on: give --stills"),
        ({"videos": ("davis=x",)}, UsageError, r"unknown dataset 'davis': did you mean davis20"),
        ({"held_out": VIDEOS}, UsageError, r"--held-out .*drift is trained on as well"),
        ({"smoke": True}, UsageError, r"--recipe tiny: --smoke has a recipe of its own"),
        ({"videos": ("synthetic:length=1,size=48x64",)}, DataError, r"no video has two annotated"),
    ],
)
def test_a_mistake_is_refused_before_anything_is_built_or_written(
    options: Options,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, object],
    kind: type[Exception],
    message: str,
) -> None:
    monkeypatch.setattr(main, "start", lambda *_: pytest.fail("a network was built"))
    with pytest.raises(kind, match=message) as caught:
        train(replace(options, **changed))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert not options.out.exists()


def test_a_folder_that_cannot_be_is_refused_before_anything_is_built(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "start", lambda *_: pytest.fail("a network was built"))
    file = options.out.parent / "file"
    file.touch()
    with pytest.raises(DataError, match=rf"^--out {file}/x cannot be written: .*name another"):
        train(replace(options, out=file / "x"))


def test_a_folder_without_rights_is_refused_before_anything_is_built(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "start", lambda *_: pytest.fail("a network was built"))

    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr("vosbench.results.folders.tempfile.TemporaryFile", refuse)
    with pytest.raises(DataError, match=r"--out .* cannot be written: Permission denied"):
        train(options)


def test_a_disk_that_fills_up_ends_a_run_in_one_line_and_the_same_command_goes_on(
    options: Options,
) -> None:
    with room_for(1_000_000), pytest.raises(DataError, match=r"checkpoint\.safetensors cannot be"):
        train(options)
    assert not list(options.out.glob(".*"))
    assert train(options) == [f"weights: {options.out / 'gc-mini.safetensors'}"]


def test_a_loss_of_the_user_takes_the_place_of_every_stages_own() -> None:
    assert {s.loss for s in recipe("paper").stages} == {"cross_entropy", "hybrid"}
    assert {s.loss for s in recipe("paper", "cross_entropy").stages} == {"cross_entropy"}
    assert recipe("paper", "hybrid").stages[0].steps == recipe("paper").stages[0].steps


def test_a_smoke_test_takes_built_in_videos_and_no_imagenet_weights() -> None:
    options = Options(method="gc", out=Path("x"), smoke=True)
    sources, words = main._sources(options, options.plan)
    assert words == (f"{smoke.DATA}: 6 videos",)
    assert (len(sources.stills), len(sources.videos[0])) == (0, 6)
    assert options.plan == RECIPES["smoke"]
