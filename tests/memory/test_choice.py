"""Which stored locations stay."""

from __future__ import annotations

from typing import NamedTuple

import torch
from hypothesis import given
from hypothesis import strategies as st

from vosbench.memory import join, keep_worthiest, pick, worthiest


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 14))
def test_the_worthiest_stay_in_their_order_and_equals_go_to_the_older(
    worth: list[int], count: int
) -> None:
    best = sorted(range(len(worth)), key=lambda i: (-worth[i], i))[:count]
    assert worthiest(torch.tensor(worth), count).tolist() == sorted(best)


def test_each_object_keeps_locations_of_its_own_and_a_shared_choice_serves_all() -> None:
    x = torch.arange(12).view(2, 2, 3)
    assert pick(x, torch.tensor([[0, 2], [1, 2]])).tolist() == [
        [[0, 2], [3, 5]],
        [[7, 8], [10, 11]],
    ]
    assert pick(x, torch.tensor([[1]])).tolist() == [[[1], [4]], [[7], [10]]]


def test_a_store_is_joined_and_cut_down_as_one() -> None:
    class Store(NamedTuple):
        key: torch.Tensor
        age: torch.Tensor

    one = Store(torch.tensor([[1, 2]]), torch.tensor([5, 6]))
    two = Store(torch.tensor([[3]]), torch.tensor([7]))
    kept = keep_worthiest(join(one, two), torch.tensor([0.0, 2.0, 1.0]), 2)
    assert isinstance(kept, Store)
    assert kept.key.tolist() == [[2, 3]]
    assert kept.age.tolist() == [6, 7]
