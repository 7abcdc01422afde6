"""Weights on disk."""

from __future__ import annotations

import contextlib
import hashlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.model.builders import network
from vosbench.errors import DataError
from vosbench.model import weights
from vosbench.model.network import Network

FACTS = {"method": "gc", "preset": "mini"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "deeper" / "gc-mini.safetensors"
    weights.write(path, network().state_dict(), FACTS | {"steps": 3})
    return path


def load(path: Path, *, method: str = "gc", preset: str = "mini") -> str:
    return weights.load(network("gc", 1), path, method=method, preset=preset)


def test_what_is_saved_is_loaded_bit_for_bit(saved: Path) -> None:
    other = Network.build("gc", "mini", seed=1)
    weights.load(other, saved, method="gc", preset="mini")
    own, got = network().state_dict(), other.state_dict()
    assert own.keys() == got.keys()
    assert all(torch.equal(own[k], got[k]) for k in own)


def test_facts_come_back_and_nothing_is_left_beside_the_file(saved: Path) -> None:
    assert weights.read(saved)[1] == FACTS | {"steps": 3}
    assert list(saved.parent.iterdir()) == [saved]


def test_the_digest_is_the_head_of_the_files_sha256(saved: Path) -> None:
    expected = hashlib.sha256(saved.read_bytes()).hexdigest()[:12]
    other = Network.build("gc", "mini", seed=1)
    assert weights.load(other, saved, method="gc", preset="mini") == expected
    assert weights.digest(saved) == expected


def test_half_precision_on_disk_becomes_single_in_the_network(tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    weights.write(path, {k: v.half() for k, v in network().state_dict().items()}, FACTS)
    other = Network.build("gc", "mini", seed=1)
    weights.load(other, path, method="gc", preset="mini")
    name = "decoder.head.1.weight"
    assert torch.equal(other.state_dict()[name], network().state_dict()[name].half().float())


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [({"method": "stm"}, "expected stm, mini"), ({"preset": "paper"}, "expected gc, paper")],
)
def test_weights_of_another_method_or_preset_are_refused(
    saved: Path, wanted: dict[str, str], expected: str
) -> None:
    with pytest.raises(DataError, match=f"method gc, preset mini; {expected}"):
        load(saved, **wanted)


@pytest.mark.parametrize("kept", [0, 5, 1000, -1])
def test_a_damaged_file_is_refused_by_name(saved: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"cut.safetensors cannot be read"):
        load(path)


@pytest.mark.parametrize("name", ["absent.safetensors", "."])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / name)


def test_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"a": torch.ones(1)}, path)
    with pytest.raises(DataError, match="expected safetensors"):
        load(path)


def test_a_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.ones(1)}, path)
    with pytest.raises(DataError, match="no vosbench facts"):
        load(path)


@pytest.mark.parametrize("facts", ["no json", "[1]"])
def test_facts_that_are_no_json_object_are_refused(tmp_path: Path, facts: str) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"a": torch.ones(1)}, path, {"vosbench": facts})
    with pytest.raises(DataError, match=r"odd.safetensors"):
        load(path)


def test_a_tensor_of_another_shape_is_named_with_both_shapes(tmp_path: Path) -> None:
    path = tmp_path / "shape.safetensors"
    tensors = network().state_dict() | {"query_encoder.key.bias": torch.zeros(32)}
    weights.write(path, tensors, FACTS)
    with pytest.raises(DataError, match=r"query_encoder.key.bias is \(32,\).*expects \(64,\)"):
        load(path)


def test_a_missing_or_needless_tensor_is_named(tmp_path: Path) -> None:
    path, own = tmp_path / "w.safetensors", network().state_dict()
    weights.write(path, {k: v for k, v in own.items() if k != "query_encoder.key.bias"}, FACTS)
    with pytest.raises(DataError, match=r"query_encoder.key.bias is none"):
        load(path)
    weights.write(path, own | {"needless": torch.ones(1)}, FACTS)
    with pytest.raises(DataError, match=r"needless is \(1,\); the network expects none"):
        load(path)


def test_no_weights_are_shipped_for_a_method_nobody_trained() -> None:
    assert weights.shipped("no-such-method", "mini") is None


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files end at so many bytes, as on a full disk: the write fails midway (EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_finds_no_room_is_told_by_name_and_leaves_the_older_file_whole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "w.safetensors"
    weights.write(path, {"a": torch.zeros(4)}, FACTS)
    with (
        room_for(10_000),
        pytest.raises(DataError, match=r"w\.safetensors cannot be written \(File too large\): exp"),
    ):
        weights.write(path, {"a": torch.ones(20_000)}, FACTS)
    assert list(tmp_path.iterdir()) == [path]
    assert torch.equal(weights.read(path)[0]["a"], torch.zeros(4))


def test_a_path_under_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "w.safetensors"
    with pytest.raises(DataError, match=r"file/w\.safetensors cannot be written"):
        weights.write(path, {"a": torch.zeros(4)}, FACTS)
