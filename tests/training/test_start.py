"""Weights of one method as the start of another's training."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.test_options import TINY, VIDEOS
from vosbench.errors import DataError
from vosbench.model import weights
from vosbench.model.network import Network
from vosbench.training.main import Options, train
from vosbench.training.recipe import RECIPES
from vosbench.training.start import start

TWO = replace(TINY, stages=(replace(TINY.stages[0], steps=2, video_share=1.0),))
GATE = ["memory.gate.bias", "memory.gate.weight"]
KEYS = ["memory_encoder.key.bias", "memory_encoder.key.weight"]


def shipped(method: str) -> Path:
    path = weights.shipped(method, "mini")
    assert path is not None
    return path


@pytest.mark.parametrize(
    ("method", "owner", "new", "left"),
    [
        ("livos", "gc", GATE, []),
        ("delta", "gc", [], []),
        ("efficient_attention", "gc", [], []),
        ("stcn", "stm", [], KEYS),
    ],
)
def test_a_method_goes_on_from_anothers_weights_and_says_what_is_new_and_what_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    method: str, owner: str, new: list[str], left: list[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(RECIPES, "two", TWO)
    path, told = shipped(owner), list[str]()
    options = Options(
        method=method, out=tmp_path, recipe="two", videos=(VIDEOS,), start=str(path), threads=1,
        workers=0,
    )  # fmt: skip
    (last,) = train(options, told.append)
    rest = f"left out: {', '.join(left)}" if left else "all of the file is taken over"
    assert told == [
        f"start: {path}, weights of {owner}, preset mini; "
        f"new in {method}: {', '.join(new) or 'nothing'}; {rest}"
    ]
    out = tmp_path / f"{method}-mini.safetensors"
    assert last == f"weights: {out}"
    assert weights.read(out)[1]["start"] == f"{owner}:{weights.digest(path)}"


@pytest.mark.parametrize(("method", "owner"), [("livos", "gc"), ("stcn", "stm")])
def test_what_the_file_has_comes_from_it_and_the_rest_from_the_seed(
    method: str, owner: str
) -> None:
    given = weights.read(shipped(owner))[0]
    got = start(method, "mini", {}, str(shipped(owner)), seed=3).network.state_dict()
    fresh = Network.build(method, "mini", seed=3).state_dict()
    assert got.keys() == fresh.keys()
    for name, value in got.items():
        assert torch.equal(value, given[name].float() if name in given else fresh[name]), name
    assert {"query_encoder.key.weight", "memory_encoder.value.weight"} <= got.keys() & given.keys()


@pytest.mark.parametrize(
    ("method", "preset", "parameters", "message"),
    [
        (
            "livos", "paper", {},
            r"gc-mini.safetensors are of gc, preset mini; this is a training of livos, preset pap",
        ),
        (
            "livos", "mini", {"key_dim": 32},
            r"livos:key_dim=32, preset mini, cannot start from weights of gc, preset mini: .*"
            r"memory_encoder.key.bias is \(64,\); the network expects \(32,\)",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_both_sides_named(
    method: str, preset: str, parameters: dict[str, int], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        start(method, preset, parameters, str(shipped("gc")), seed=0)


def test_a_layer_around_the_memory_that_the_file_lacks_is_not_made_up(tmp_path: Path) -> None:
    """A network with shared keys has none of the memory encoder's key layer to give."""
    path = tmp_path / "stcn.safetensors"
    tensors = Network.build("stcn", "mini").state_dict()
    weights.write(path, tensors, {"method": "stcn", "preset": "mini"})
    with pytest.raises(DataError, match=r"of stcn, preset mini: .*keys of its own"):
        start("stm", "mini", {}, str(path), seed=0)


def test_keys_of_another_method_and_nothing_else_start_as_large_as_the_recipe_says() -> None:
    given = weights.read(shipped("gc"))[0]
    first = start("efficient_attention", "mini", {}, str(shipped("gc")), 0, key_scale=2.0)
    assert first.told.endswith("; keys and queries times 2")
    for name, value in first.network.state_dict().items():
        times = 2 if "encoder.key." in name else 1
        assert torch.equal(value, times * given[name].float()), name
    own = start("gc", "mini", {}, str(shipped("gc")), 0, key_scale=2.0).network.state_dict()
    assert torch.equal(own["query_encoder.key.weight"], given["query_encoder.key.weight"].float())


def test_weights_of_the_method_itself_are_taken_whole_and_say_nothing() -> None:
    path = shipped("gc")
    found = start("gc", "mini", {}, str(path), seed=0)
    assert (found.name, found.told) == (weights.digest(path), "")
