"""Attention one frame at a time against one softmax over all of them."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.memory import visit


@settings(deadline=None)
@given(
    frames=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    size=st.sampled_from([0.1, 10.0, 1000.0]),
    seed=st.integers(0, 99),
)
def test_visits_in_any_order_are_one_softmax_and_the_masses_are_each_frames_share(
    frames: list[int], size: float, seed: int
) -> None:
    source = torch.Generator().manual_seed(seed)
    scores = [size * torch.randn(2, n, 3, generator=source).double() for n in frames]
    values = [torch.randn(2, 4, n, generator=source).double() for n in frames]
    weight = torch.cat(scores, 1).softmax(1)

    past, masses = None, {}
    for f in torch.randperm(len(frames), generator=source).tolist():
        past, masses[f] = visit(past, scores[f].clone(), values[f])

    assert past is not None
    torch.testing.assert_close(past.readout, torch.cat(values, 2) @ weight)
    share = torch.cat([masses[f] for f in range(len(frames))], 1).softmax(1)
    whole = torch.stack([part.sum(1) for part in weight.split(frames, 1)], 1)
    torch.testing.assert_close(share, whole)


def test_gradients_of_scores_and_values_are_those_of_one_softmax() -> None:
    source = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 6, 3, generator=source).double().requires_grad_()
    values = torch.randn(2, 4, 6, generator=source).double().requires_grad_()

    def at_once(score: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return value @ score.softmax(1)

    def by_frame(score: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        past = None
        for part, some in zip(score.split(2, 1), value.split(2, 2), strict=True):
            past = visit(past, part.clone(), some)[0]
        assert past is not None
        return past.readout

    wanted = torch.autograd.grad(at_once(scores, values).square().sum(), (scores, values))
    got = torch.autograd.grad(by_frame(scores, values).square().sum(), (scores, values))
    torch.testing.assert_close(got, wanted)
