"""Backbones: folded batch norms, the widened input, and names that do not fit."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import timm
import torch
from torch import nn

from vosbench.errors import UsageError
from vosbench.model.backbone import backbone, dims, fold_batchnorms, normalise

torch.set_num_threads(1)
NAMES = ["resnet18", "tf_efficientnet_lite0"]


@pytest.fixture(scope="module", params=NAMES)
def plain(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """A timm model at strides 4, 8 and 16 whose batch norms are far from the identity."""
    torch.manual_seed(0)
    options = {"features_only": True, "feature_cls": "getter", "out_indices": (1, 2, 3)}
    net = timm.create_model(request.param, **options).double().eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    return request.param, net


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.randn(1, 3, 32, 48, dtype=torch.float64, generator=torch.manual_seed(1))


@torch.no_grad()
def test_folding_batch_norms_changes_nothing(plain: tuple[str, Any], picture: torch.Tensor) -> None:
    folded = copy.deepcopy(plain[1])
    fold_batchnorms(folded)
    assert not [m for m in folded.modules() if isinstance(m, nn.BatchNorm2d)]
    for before, after in zip(plain[1](picture), folded(picture), strict=True):
        assert torch.allclose(before, after, rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_a_backbone_starts_from_the_weights_it_is_given(
    plain: tuple[str, Any], picture: torch.Tensor
) -> None:
    name, net = plain
    started = backbone(name, start=net.model.state_dict()).double()
    for expected, got in zip(net(picture), started(picture), strict=True):
        assert torch.allclose(expected, got, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_features_come_at_strides_4_8_and_16_with_the_channels_that_dims_names(name: str) -> None:
    net = backbone(name)
    got = [tuple(f.shape[1:]) for f in net(torch.rand(1, 3, 32, 48))]
    assert got == [(c, 32 // s, 48 // s) for c, s in zip(dims(net), (4, 8, 16), strict=True)]


@torch.no_grad()
def test_an_empty_mask_changes_nothing_and_a_full_one_is_seen() -> None:
    nets = []
    for channels in (3, 4):
        torch.manual_seed(3)
        nets.append(backbone("resnet18", channels=channels))
    frame = torch.rand(2, 3, 32, 48)
    empty, full = torch.zeros(2, 1, 32, 48), torch.ones(2, 1, 32, 48)
    wide = nets[1](torch.cat([frame, empty], 1))
    for a, b in zip(nets[0](frame), wide, strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    for a, b in zip(wide, nets[1](torch.cat([frame, full], 1)), strict=True):
        assert (b - a).norm() > 0.1 * a.norm()


def test_each_filter_sees_the_mask_at_the_scale_of_its_colours() -> None:
    net = backbone("tf_efficientnet_lite0", channels=4)
    first = next(m for m in net.modules() if isinstance(m, nn.Conv2d))
    colours, mask = first.weight[:, :3].std(dim=(1, 2, 3)), first.weight[:, 3].std(dim=(1, 2))
    assert 0.5 < (mask / colours).median() < 2


def test_the_mask_channel_is_learned() -> None:
    net = backbone("resnet18", channels=4)
    net(torch.rand(1, 4, 32, 48))[-1].sum().backward()
    first = next(m for m in net.modules() if isinstance(m, nn.Conv2d))
    assert first.weight.grad is not None
    assert first.weight.grad[:, 3].abs().sum() > 0


def test_an_unknown_backbone_lists_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown backbone 'resnet5O': did you mean .*resnet5"):
        backbone("resnet5O")


def test_a_backbone_without_features_at_strides_4_8_and_16_is_refused() -> None:
    with pytest.raises(UsageError, match="vit_tiny_patch16_224"):
        backbone("vit_tiny_patch16_224")


def test_a_backbone_whose_norms_come_first_is_refused_and_not_folded_wrongly() -> None:
    with pytest.raises(UsageError, match="expected a backbone whose norms follow"):
        backbone("resnetv2_18")


def test_weights_that_lack_a_layer_are_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match=r"'resnet18' lack \d+, first conv1.weight"):
        backbone("resnet18", start={})


def test_normalising_takes_off_the_mean_and_divides_by_the_deviation() -> None:
    frame = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)
    got = normalise(frame, torch.tensor([0.5, 0.5, 0.5]), torch.tensor([0.25, 0.5, 1.0]))
    assert got.flatten().tolist() == [2.0, 0.0, -0.5]
