"""Attention some query locations at a time, and the count of what it used."""

from __future__ import annotations

import pytest
import torch

from vosbench.memory import attend_by_part, parts


@pytest.mark.parametrize("k", [None, 3, 99])
def test_parts_are_one_softmax_and_the_use_is_its_sums_or_its_hits(k: int | None) -> None:
    source = torch.Generator().manual_seed(0)
    key, value = (torch.randn(2, n, 7, generator=source).double() for n in (4, 5))
    asked = torch.randn(2, 4, 600, generator=source).double()
    score = key.mT @ asked
    if k == 3:
        score[score < score.topk(3, 1).values[:, -1:]] = -torch.inf
    weight = score.softmax(1)

    readout = torch.zeros(2, 5, 600).double()
    summed, hits = torch.ones(2, 7).double(), torch.zeros(2, 7)
    attend_by_part(key, value, asked, readout, summed, k=k)
    attend_by_part(key, value, asked, readout, hits, k=k, hit=0.1)

    torch.testing.assert_close(readout, value @ weight)
    torch.testing.assert_close(summed, 1 + weight.sum(2))
    assert torch.equal(hits, (weight > 0.1).sum(2).float())
    assert [part.shape[1] for part in parts(asked[0])] == [256, 256, 88]


def test_half_precision_is_scored_in_float32() -> None:
    key = torch.tensor([[300.0, 299.0]]).half()
    readout, used = torch.zeros(1, 1), torch.zeros(2)
    attend_by_part(key, key, torch.tensor([[300.0]]), readout, used)  # scores of 90 000
    assert readout.item() == 300
    assert used.tolist() == [1, 0]
