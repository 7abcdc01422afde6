"""stm_topk and stcn: similarity and the k best."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.methods.support import attention, build, close, distance, dot, frames, query, write
from vosbench import registry
from vosbench.errors import UsageError
from vosbench.memory import Frame


@pytest.mark.parametrize("k", [1, 2, 5, 17, 18, 40])
def test_stm_topk_is_attention_over_the_k_best_of_all_frames(k: int) -> None:
    memory = build("stm_topk", top_k=k)
    items, asked = frames(memory, 3), query(memory)
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention(items, asked, dot, k))


@pytest.mark.parametrize("k", [1, 3, 17, 18, 40, None])
def test_stcn_is_attention_by_negative_squared_distance_over_shared_keys(k: int | None) -> None:
    memory = build("stcn", top_k=k)
    items, asked = frames(memory, 3), query(memory)
    assert items[0].key.shape[0] == 1
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention(items, asked, distance, k))


@pytest.mark.parametrize(("name", "score"), [("stm_topk", dot), ("stcn", distance)])
def test_in_training_the_softmax_runs_over_everything(name: str, score: object) -> None:
    memory = build(name, top_k=1).train()
    items, asked = frames(memory, 3), query(memory)
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention(items, asked, score))


def test_stcn_answers_an_exact_match_with_its_value_however_long_other_keys_are() -> None:
    memory = build("stcn", 1, 1, top_k=1)
    key = torch.tensor([1.0, 2.0, 9.0]).double().view(1, 1, 1, 3)
    value = torch.tensor([10.0, 20.0, 90.0]).double().view(1, 1, 1, 3)
    state = memory.write(None, Frame(key, value, value, 0, True))
    readout, _ = memory.read(state, key)
    assert readout.flatten().tolist() == [10.0, 20.0, 90.0]


@pytest.mark.parametrize("name", ["stm_topk", "stcn"])
@pytest.mark.parametrize(("dtype", "length"), [(torch.float32, 40.0), (torch.float16, 12.0)])
def test_scores_far_beyond_the_range_of_exp_are_read_as_by_float64(
    name: str, dtype: torch.dtype, length: float
) -> None:
    memory = build(name, 16, 4, top_k=5)
    items = [f._replace(key=(f.key * length).to(dtype).double(), value=f.value.to(dtype).double())
             for f in frames(memory, 3)]  # fmt: skip
    asked = (query(memory) * length).to(dtype).double()
    expected, _ = memory.read(write(memory, items), asked)
    low = memory.to(dtype)
    short = [f._replace(key=f.key.to(dtype), value=f.value.to(dtype)) for f in items]
    readout, _ = low.read(write(low, short), asked.to(dtype))
    largest = max(dot(k.numpy(), asked[0].flatten(1).T[0].numpy())
                  for f in items for k in f.key[0].flatten(1).T)  # fmt: skip
    assert largest > (200 if dtype == torch.float32 else 25)
    assert readout.dtype == dtype
    assert np.allclose(readout.double(), expected, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("name", ["stm_topk", "stcn", "rde", "xmem_lt"])
@pytest.mark.parametrize("k", [0, -3])
def test_a_top_k_of_nothing_is_refused(name: str, k: int) -> None:
    with pytest.raises(UsageError, match="top_k"):
        registry.build(name, 4, 4, top_k=k)
