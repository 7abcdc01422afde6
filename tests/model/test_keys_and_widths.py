"""Memories with keys shared by all objects, and memories of other widths than the preset's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.model.builders import SIZE, frame, mask
from vosbench.harness import flops
from vosbench.harness.features import Features
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Subject
from vosbench.memory import Cost, Frame, Growth, KeyScope, Memory, WritePolicy
from vosbench.model.network import Network, count_parameters, preset
from vosbench.model.segmenter import Segmenter
from vosbench.training.losses import LOSSES
from vosbench.training.step import clip_loss

torch.set_num_threads(1)
KEY, VALUE = 64, 128  # of the preset `mini`
WIDTH = 112  # channels of its backbone at stride 16


class Last(Memory):
    """The last frame written, read by attention: state = (key, value)."""

    growth = Growth.CONSTANT
    paper = "none"

    def write(self, state: Any, frame: Frame) -> tuple[Tensor, Tensor]:
        return frame.key, frame.value

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        key, value = (x.flatten(2) for x in state)
        weights = (key.mT @ query.flatten(2)).softmax(dim=1)
        readout = value @ weights.expand(len(value), -1, -1)
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        keys = 1 if self.key_scope is KeyScope.SHARED else objects
        macs = pixels * pixels * (keys * self.key_dim + objects * self.value_dim)
        return Cost(macs, 0, 4 * pixels * (keys * self.key_dim + objects * self.value_dim), 0)


class SharedLast(Last):
    key_scope = KeyScope.SHARED


def network(kind: type[Memory], key_dim: int = KEY, value_dim: int = VALUE) -> Network:
    """With random weights, those of the mask included: they are zero before training."""
    torch.manual_seed(0)
    net = Network(preset("mini"), kind(key_dim, value_dim)).eval()
    first = next(m for m in net.memory_encoder.modules() if isinstance(m, nn.Conv2d))
    nn.init.normal_(first.weight.data[:, 3:], generator=torch.Generator().manual_seed(1))
    return net


@pytest.fixture(scope="module")
def shared() -> Network:
    return network(SharedLast)


@pytest.fixture(scope="module")
def narrow() -> Network:
    return network(Last, 16, 24)


class Calls:
    """Counts how often a module runs."""

    def __init__(self, module: nn.Module) -> None:
        self.count = 0
        self.handle = module.register_forward_hook(self._seen)

    def _seen(self, *_: object) -> None:
        self.count += 1

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.remove()


@torch.no_grad()
def test_a_shared_key_is_the_query_encoders_own_and_there_is_one_for_all_objects(
    shared: Network,
) -> None:
    image, masks = torch.rand(1, 3, *SIZE), torch.rand(3, 1, *SIZE)
    item = shared.memorise(image, masks, 2, given=False)
    assert item.key.shape == (1, KEY, 2, 3)
    assert item.value.shape == (3, VALUE, 2, 3)
    assert torch.equal(item.key, shared.encode(image).key)
    assert not torch.allclose(item.value[0], item.value[1])
    reused = shared.memorise(image, masks, 2, given=False, query=shared.encode(image))
    assert all(torch.equal(a, b) for a, b in zip(item[:3], reused[:3], strict=True))


def test_a_network_with_shared_keys_has_no_key_layer_in_its_memory_encoder(shared: Network) -> None:
    own = network(Last)
    assert count_parameters(own) - count_parameters(shared) == KEY * (9 * WIDTH + 1)
    ours, theirs = shared.state_dict(), own.state_dict()
    assert theirs.keys() - ours.keys() == {"memory_encoder.key.weight", "memory_encoder.key.bias"}
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_the_segmenter_encodes_each_frame_once_even_where_objects_join(shared: Network) -> None:
    segmenter = Segmenter(shared, policy=WritePolicy(every=1))
    late = np.zeros(SIZE, np.uint8)
    late[20:, 30:] = 9
    given = {0: mask(1, 2), 2: late}
    with Calls(shared.query_encoder) as calls:
        for t in range(4):
            segmenter.step(frame(t), given.get(t))
            assert calls.count == t + 1
    assert [len(c.kept[0]) for c in segmenter.cohorts] == [1, 1]
    assert [len(c.kept[1]) for c in segmenter.cohorts] == [2, 1]


def test_a_network_with_keys_per_object_never_encodes_a_frame_it_only_writes() -> None:
    own = network(Last)
    with Calls(own.query_encoder) as calls:
        Segmenter(own).step(frame(0), mask(1))
    assert calls.count == 0


def test_a_training_step_encodes_each_frame_once_and_reaches_the_shared_key(
    shared: Network,
) -> None:
    clips = torch.rand(2, 3, 3, 32, 32)
    masks = (torch.rand(2, 3, 1, 32, 32) > 0.5).float()
    with Calls(shared.query_encoder) as calls:
        clip_loss(shared, clips, masks, LOSSES["cross_entropy"]).backward()
    assert calls.count == 3
    grad = shared.query_encoder.key.weight.grad
    assert grad is not None
    assert grad.abs().sum() > 0
    shared.zero_grad()


@torch.no_grad()
def test_an_object_is_segmented_alike_alone_and_among_others_under_a_shared_key(
    shared: Network,
) -> None:
    image, masks = torch.rand(1, 3, *SIZE), torch.rand(3, 1, *SIZE)
    query = shared.encode(image)

    def logits(part: Tensor) -> Tensor:
        state = shared.write(None, image, part, 0, given=True, query=query)
        return shared.decode(shared.read(state, query)[0], query)

    together = logits(masks)
    for o in range(3):
        assert torch.allclose(together[o], logits(masks[o : o + 1])[0], rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_an_adapter_brings_a_narrow_readout_to_the_decoders_width(narrow: Network) -> None:
    image, masks = torch.rand(1, 3, *SIZE), torch.rand(2, 1, *SIZE)
    item, query = narrow.memorise(image, masks, 0, given=True), narrow.encode(image)
    assert item.key.shape[1] == query.key.shape[1] == 16
    assert item.value.shape[1] == 24
    assert query.value.shape[1] == VALUE
    readout, _ = narrow.read(narrow.store(None, item), query)
    assert readout.shape == (2, 24, 2, 3)
    assert narrow.decode(readout, query).shape == (2, 1, *SIZE)


def test_the_adapter_is_there_only_where_widths_differ_and_is_counted(narrow: Network) -> None:
    assert count_parameters(narrow.adapter) == VALUE * (24 + 1)
    assert count_parameters(network(Last, 16, VALUE).adapter) == 0
    heads = (9 * WIDTH + 1) * (2 * (KEY - 16) + (VALUE - 24))  # two key layers, one value layer
    expected = count_parameters(network(Last)) - heads + VALUE * (24 + 1)
    assert count_parameters(narrow) == expected


def subject(net: Network) -> Subject:
    return Subject("last", {}, net, WritePolicy(), "untrained", Settings(methods=("last",)))


def counted(net: Network, counter: str, objects: int) -> dict[str, float]:
    rows = flops.measure(subject(net), counter, SIZE, objects, (2,))
    return {row.metric: row.value for row in rows}


@pytest.mark.parametrize("objects", [1, 3])
def test_three_counters_agree_on_shared_keys_and_narrow_values(
    shared: Network, narrow: Network, objects: int
) -> None:
    for net in (shared, narrow):
        analytic, *others = (counted(net, c, objects) for c in flops.COUNTERS)
        for other in others:
            assert other["read_macs"] == pytest.approx(analytic["read_macs"], rel=0.01)
            assert other["parameters"] == analytic["parameters"]
        for stage in ("encode_macs", "memory_encode_macs", "decode_macs"):
            assert others[0][stage] == pytest.approx(others[1][stage], rel=0.01)


def test_the_flops_of_shared_keys_and_of_the_adapter_are_those_counted_by_hand(
    shared: Network, narrow: Network
) -> None:
    pixels, objects = 6, 3
    own = counted(network(Last), "torch", objects)
    one_key = counted(shared, "torch", objects)
    assert one_key["encode_macs"] == own["encode_macs"]
    saved = own["memory_encode_macs"] - one_key["memory_encode_macs"]
    assert saved == objects * pixels * KEY * 9 * WIDTH
    adapter = counted(narrow, "torch", objects)["decode_macs"] - own["decode_macs"]
    assert adapter == objects * pixels * 24 * VALUE


def test_random_features_have_one_key_where_keys_are_shared() -> None:
    item = Features(SharedLast(4, 6), (2, 3), objects=5).frame(0)
    assert item.key.shape == (1, 4, 2, 3)
    assert item.value.shape == (5, 6, 2, 3)
