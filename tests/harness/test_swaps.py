"""Weights of another method under a memory, and which weights `auto` takes."""

from pathlib import Path

import pytest
import torch

from vosbench.errors import DataError, UsageError
from vosbench.harness.checkpoint import choose, named, trained
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry, prepare
from vosbench.model import weights
from vosbench.model.network import Network
from vosbench.results import Cell


def settings(given: str, preset: str = "mini") -> Settings:
    return Settings(methods=(), weights=given, preset=preset)


def test_a_swapped_method_has_the_others_layers_and_says_whose_they_are() -> None:
    path = weights.shipped("stm", "mini")
    assert path is not None
    tensors, _ = weights.read(path)
    subject = prepare("kmn", settings("stm"))
    own = subject.network.state_dict()
    assert all(torch.equal(own[k], v.float()) for k, v in tensors.items())
    assert subject.weights == f"stm:{weights.digest(path)}"
    assert Entry.of("kmn", settings("stm")).weights == subject.weights
    assert Entry.of("stm", settings("stm")).weights == weights.digest(path)
    assert subject.cell("accuracy").weights == subject.weights


def test_a_swap_leaves_the_memorys_own_start_and_drops_the_key_layer_of_shared_keys() -> None:
    path = weights.shipped("stm", "mini")
    assert path is not None
    network, fresh = (Network.build("xmem_lt", seed=3) for _ in range(2))
    weights.load(network, path, method="stm", preset="mini", swap=True)
    own, start = network.state_dict(), fresh.state_dict()
    assert "memory_encoder.key.weight" not in own
    kept = [k for k in own if k.startswith("memory.")]
    assert kept
    assert all(torch.equal(own[k], start[k]) for k in kept)
    key = weights.read(path)[0]["query_encoder.key.weight"]
    assert torch.equal(own["query_encoder.key.weight"], key.float())


def test_none_has_a_run_on_the_weights_of_every_method_that_has_some() -> None:
    owners = trained("mini")
    assert {"gc", "stm", "stcn"} <= set(owners)
    for owner in owners:
        assert prepare("none", settings(owner)).weights.startswith(f"{owner}:")


def test_keys_of_its_own_are_not_to_be_had_from_weights_that_share_the_querys() -> None:
    with pytest.raises(DataError, match="stcn takes the query's keys, this memory needs keys") as e:
        prepare("stm", settings("stcn"))
    assert "\n" not in str(e.value)


def test_weights_of_a_memory_that_the_method_has_not_are_dropped(tmp_path: Path) -> None:
    livos, gc = Network.build("livos"), Network.build("gc", seed=5)
    path = tmp_path / "livos-mini.safetensors"
    weights.write(path, livos.state_dict(), {"method": "livos", "preset": "mini"})
    with pytest.raises(DataError, match=r"memory\.gate\.bias is \(64,\); the network expects none"):
        weights.load(gc, path, method="livos", preset="mini")
    weights.load(gc, path, method="livos", preset="mini", swap=True)
    assert not [k for k in gc.state_dict() if k.startswith("memory.")]
    assert torch.equal(gc.query_encoder.key.weight, livos.query_encoder.key.weight)


def test_a_swap_into_other_widths_is_one_line() -> None:
    path = weights.shipped("stm", "mini")
    assert path is not None
    narrow = Network.build("gc", key_dim=8)
    with pytest.raises(DataError, match=r"key\.bias is \(64,\); the network expects \(8,\)") as no:
        weights.load(narrow, path, method="stm", preset="mini", swap=True)
    assert "\n" not in str(no.value)


def test_a_method_without_shipped_weights_cannot_lend_them() -> None:
    with pytest.raises(DataError, match=r"kmn has no shipped weights for preset mini .*gc.*stm"):
        choose("gc", {}, settings("kmn"))


@pytest.mark.parametrize(
    ("parameters", "trained"),
    [({}, True), ({"key_dim": 64}, True), ({"key_dim": 32}, False), ({"value_dim": 32}, False),
     ({"key_dim": "wide"}, False)],
)  # fmt: skip
def test_auto_keeps_shipped_weights_where_every_shape_stays(
    parameters: dict[str, object], trained: bool
) -> None:
    assert (choose("gc", parameters, settings("auto")) is not None) is trained


def test_auto_compares_the_shapes_that_a_parameter_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "shipped", lambda method, preset: Path("there"))
    assert choose("stcn", {"top_k": 3}, settings("auto")) is not None
    with pytest.raises(UsageError, match="unknown parameter of stcn 'topk'"):
        choose("stcn", {"topk": 3}, settings("auto"))


def test_without_a_name_a_few_methods_with_weights_run_and_all_means_all(tmp_path: Path) -> None:
    assert named((), "mini", "auto") == ("gc", "stm", "stcn")
    assert named(("trained",), "mini", "auto") == trained("mini")
    assert {"gc", "stm", "stcn", "delta"} <= set(trained("mini"))
    assert {"first", "kmn"} <= set(named(("all",), "mini", "auto"))
    assert named(("kmn", "gc", "kmn"), "mini", "auto") == ("kmn", "gc")
    (tmp_path / "kmn-paper.safetensors").write_bytes(b"")
    assert named((), "paper", str(tmp_path)) == ("kmn",)
    assert named(("gc", "trained"), "paper", str(tmp_path)) == ("gc", "kmn")
    for given in ((), ("trained",)):
        with pytest.raises(UsageError, match="no method has weights for preset paper"):
            named(given, "paper", "auto")


@pytest.mark.parametrize("text", ["stm:0123456789ab", "my_method:0123456789ab"])
def test_a_cell_takes_the_label_of_a_swap(text: str) -> None:
    assert Cell(harness="accuracy", method="gc", weights=text).weights == text


@pytest.mark.parametrize("text", [":0123456789ab", "stm:untrained", "stm:0123", "a:b:0123456789ab"])
def test_a_cell_refuses_half_a_label(text: str) -> None:
    with pytest.raises(UsageError, match="12 hex digits"):
        Cell(harness="accuracy", method="gc", weights=text)


def test_a_folder_named_as_a_method_does_not_stand_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gc").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Entry.of("none", settings("gc")).weights.startswith("gc:")
    with pytest.raises(DataError, match=r"gc/none-mini\.safetensors"):
        Entry.of("none", settings("./gc"))
