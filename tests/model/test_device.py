import pytest
import torch

from vosbench.errors import UsageError
from vosbench.model.device import device


def test_the_cpu_is_always_a_device() -> None:
    assert device("cpu").type == "cpu"


def test_every_cuda_device_of_the_machine_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device("cuda") == torch.device("cuda")
    assert device("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["gpu", "", "cpu:0"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UsageError, match=r"unknown device .*known: cpu, cuda:0, cuda:1"):
        device(name)


@pytest.mark.parametrize(
    ("name", "count", "found"),
    [("cuda", 0, "no CUDA"), ("cuda:0", 0, "no CUDA"), ("cuda:2", 2, "cuda:0, cuda:1")],
)
def test_a_gpu_that_torch_does_not_see_is_told_apart_from_a_misspelling(
    monkeypatch: pytest.MonkeyPatch, name: str, count: int, found: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(UsageError, match=rf"'{name}': torch .* finds {found} here"):
        device(name)
