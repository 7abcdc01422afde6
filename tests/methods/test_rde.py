"""RDE: the recurrent frame and the frames beside it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv3d

from tests.methods.support import attention, build, close, distance, frames, query, write
from vosbench.memory import Frame, Memory


def untie(memory: Memory) -> Memory:
    torch.manual_seed(1)
    for parameter in memory.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return memory


def flat3d(x: Tensor, layer: Any, dilation: int = 1) -> Tensor:
    """A 2-D layer as a 3-D convolution whose kernel has height 1 in time, as the paper has it."""
    side = layer.weight.shape[-1] // 2 * dilation
    return conv3d(
        x, layer.weight[:, :, None], layer.bias, padding=(0, side, side),
        dilation=(1, dilation, dilation),
    )  # fmt: skip


def naive(layer: Any, a: Tensor, b: Tensor) -> Tensor:
    """The compression in the paper's own terms: (n, channels, time, h, w) and 3-D convolutions."""
    x = torch.stack([a, b], 2)
    theta, phi, g = (flat3d(x, f) for f in (layer.theta, layer.phi, layer.g))
    places = 2 * a.shape[2] * a.shape[3]
    pairs = torch.einsum("nithw,niuyx->nthwuyx", theta, phi) / places
    y = x + flat3d(torch.einsum("nthwuyx,niuyx->nithw", pairs, g), layer.back)
    pyramid = [flat3d(y, f, d).relu() for f, d in zip(layer.pyramid, (1, 2, 4, 6), strict=True)]
    z = y + layer.part[:, None] * flat3d(torch.cat(pyramid, 1), layer.fuse).relu()
    weight = torch.stack(layer.merge.weight.chunk(2, 1), 2)  # 2 x 3 x 3
    return conv3d(z, weight, layer.merge.bias, padding=(0, 1, 1))[:, :, 0]


def compressed(memory: Any, items: list[Frame]) -> Frame:
    key, value = items[0].key, items[0].value
    for item in items[1:]:
        key = naive(memory.of_key, key, item.key)
        value = naive(memory.of_value, value, item.value)
    return items[0]._replace(key=key, value=value)


@pytest.mark.parametrize("written", [1, 2, 4])
def test_rde_reads_its_recurrent_frame_the_last_and_twice_the_first(written: int) -> None:
    memory = untie(build("rde", 4, 5, top_k=9))
    items, asked = frames(memory, written, (7, 9)), query(memory, (3, 4))
    with torch.no_grad():
        readout, _ = memory.read(write(memory, items), asked)
        kept = [compressed(memory, items), items[-1], items[0], items[0]]
        expected = attention(kept if written > 1 else kept[2:], asked, distance, 9)
    assert close(readout, expected)


def test_untrained_the_memory_is_the_running_mean_with_the_newest_frame() -> None:
    memory = build("rde")
    items = frames(memory, 3)
    state = write(memory, items)
    for kept, part in zip(state, ("key", "value"), strict=True):
        x = [getattr(item, part).flatten(2) for item in items]
        assert torch.allclose(kept[0], (x[0] + x[1]) / 4 + x[2] / 2)
        assert torch.equal(torch.stack(kept[1:]), torch.stack([x[2], x[0], x[0]]))


def test_in_training_the_softmax_runs_over_everything() -> None:
    memory = build("rde", top_k=1).train()
    items, asked = frames(memory, 2), query(memory)
    mean = items[0]._replace(
        key=(items[0].key + items[1].key) / 2, value=(items[0].value + items[1].value) / 2
    )
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention([mean, items[1], items[0], items[0]], asked, distance))


def test_objects_are_compressed_each_by_itself() -> None:
    memory = untie(build("rde"))
    items = frames(memory, 3, objects=3)
    both = write(memory, items)
    alone = write(memory, [f._replace(value=f.value[1:2], mask=f.mask[1:2]) for f in items])
    assert torch.allclose(both.values[0][1:2], alone.values[0])
    assert torch.allclose(both.keys[0], alone.keys[0])


def test_three_steps_of_training_from_the_neutral_start_move_every_layer() -> None:
    """A last layer of zeros under a relu would never be trained, nor what feeds it."""
    memory = build("rde", 8, 8).train()
    before = {name: p.detach().clone() for name, p in memory.named_parameters()}
    items, asked = frames(memory, 3, (4, 4)), query(memory, (4, 4))
    optimiser = torch.optim.SGD(memory.parameters(), 1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        memory.read(write(memory, items), asked)[0].square().sum().backward()
        optimiser.step()
    unmoved = [name for name, p in memory.named_parameters() if torch.equal(p, before[name])]
    assert unmoved == []
