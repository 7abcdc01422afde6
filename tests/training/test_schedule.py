"""Who learns at which rate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.training.runs import recipe
from vosbench.model.network import Network
from vosbench.training.schedule import optimiser, set_rate


@pytest.mark.parametrize("method", ["stm", "stcn"])
def test_every_parameter_is_learned_once_at_the_rate_of_its_kind(method: str) -> None:
    network, plan = Network.build(method, "mini", seed=0), recipe()
    found = optimiser(plan, network)
    set_rate(found, plan, plan.stages[0], step=0)
    rates = {id(p): group["lr"] for group in found.param_groups for p in group["params"]}
    named = dict(network.named_parameters())
    assert sorted(rates) == sorted(map(id, named.values()))
    head = rates[id(named["decoder.compress.0.weight"])]
    for name, parameter in named.items():
        part = 0.3 if ".trunk." in name else 0.1 if "encoder.key." in name else 1
        assert rates[id(parameter)] == pytest.approx(part * head), name


def test_backbones_without_a_rate_are_fixed_and_all_else_is_learned() -> None:
    network = Network.build("stm", "mini", seed=0)
    optimiser(replace(recipe(), backbone_rate=0.0), network)
    fixed = {name for name, p in network.named_parameters() if not p.requires_grad}
    assert fixed == {name for name, _ in network.named_parameters() if ".trunk." in name}
