"""The public checkpoint of STM, converted: the same network, and refusals of any other file."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from tests.model import public_stm
from vosbench.cli import main
from vosbench.errors import DataError, UsageError
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Subject, prepare
from vosbench.model import weights
from vosbench.model.frames import aggregate, others, to_tensor
from vosbench.model.network import PRESETS, Network, count_parameters
from vosbench.model.original.convert import convert
from vosbench.model.segmenter import Segmenter

torch.set_num_threads(1)
SIZE = (64, 96)


def run(*arguments: object) -> int:
    """Exit status of the command line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["vosbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def public() -> public_stm.State:
    return public_stm.state(seed=0)


@pytest.fixture(scope="module")
def folder(public: public_stm.State, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The weights made from a checkpoint as the authors saved it: DataParallel, old file format."""
    root = tmp_path_factory.mktemp("stm")
    saved = OrderedDict((f"module.{name}", x) for name, x in public.items())
    torch.save(saved, root / "STM_weights.pth", _use_new_zipfile_serialization=False)
    (root / "out").mkdir()
    assert run("convert", "stm", root / "STM_weights.pth", "--out", root / "out") == 0
    (root / "STM_weights.pth").unlink()
    yield root / "out"
    (root / "out" / "stm-stm_original.safetensors").unlink()


@pytest.fixture(scope="module")
def subject(folder: Path) -> Subject:
    """As `vosbench bench --preset stm_original --weights FOLDER` prepares it."""
    settings = Settings(methods=("stm",), preset="stm_original", weights=str(folder))
    return prepare("stm", settings)


def image(t: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Coarse blocks: noise alone would look the same to every location."""
    blocks = np.random.default_rng(t).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return blocks.repeat(8, 0).repeat(8, 1)


def ids() -> np.ndarray[Any, np.dtype[np.uint8]]:
    masks = np.zeros(SIZE, np.uint8)
    masks[8:40, 8:40], masks[24:60, 48:88] = 3, 5
    return masks


def planes() -> Tensor:
    return torch.stack([torch.from_numpy(ids() == i) for i in (3, 5)]).float()


def tensor(t: int) -> Tensor:
    return to_tensor(image(t), torch.device("cpu")).contiguous()


@torch.no_grad()
def test_logits_are_those_of_the_public_network(public: public_stm.State, subject: Subject) -> None:
    net, soft = subject.network, planes() * 0.8 + 0.05
    stored = [public_stm.memorise(public, tensor(t), m) for t, m in enumerate((planes(), soft))]
    expected = public_stm.segment(public, tensor(2), stored)

    state = None
    for t, m in enumerate((planes(), soft)):
        masks = m[:, None]
        item = net.memorise(tensor(t), masks, t, given=t == 0, others=others(masks))
        assert torch.allclose(item.key, stored[t][0], atol=1e-4)
        assert torch.allclose(item.value, stored[t][1], atol=1e-4)
        state = net.store(state, item)
    query = net.encode(tensor(2))
    logits = net.decode(net.read(state, query)[0], query)
    assert torch.allclose(logits[:, 0], expected[:, 1] - expected[:, 0], rtol=0, atol=1e-4)

    shares = public_stm.aggregated(expected).softmax(0)[1:]
    assert torch.allclose(aggregate(logits.sigmoid())[:, 0], shares, rtol=0, atol=1e-4)


@torch.no_grad()
def test_the_comparison_can_tell_networks_apart(public: public_stm.State) -> None:
    """Each object's mask, the mask of the others and the second frame move the logits visibly."""
    first, second = (public_stm.memorise(public, tensor(t), planes()) for t in (0, 1))
    base = public_stm.segment(public, tensor(2), [first, second])
    alone = [torch.cat(x) for x in zip(
        *(public_stm.memorise(public, tensor(1), planes()[o : o + 1]) for o in range(2)),
        strict=True,
    )]  # fmt: skip
    bare = public_stm.memorise(public, tensor(1), torch.zeros(2, *SIZE))
    for changed in ([first], [first, tuple(alone)], [first, bare]):
        moved = (public_stm.segment(public, tensor(2), changed) - base).abs().max()
        assert moved > 1e-2
    assert 0.5 < base.std() < 50


@contextmanager
def offered(net: Network) -> Iterator[list[Tensor]]:
    """The planes (objects, 2, H, W) that the memory encoder sees, in order."""
    seen: list[Tensor] = []
    handle = net.memory_encoder.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    yield seen
    handle.remove()


@pytest.mark.parametrize("size", [SIZE, (57, 90)])
@torch.no_grad()
def test_a_video_is_segmented_as_by_the_public_network(
    public: public_stm.State, subject: Subject, size: tuple[int, int]
) -> None:
    """Frames are padded by zeros to multiples of 16; what is inferred in the padding is dropped."""
    segmenter = Segmenter(subject.network, policy=subject.policy)
    (h, w), given = size, ids()[: size[0], : size[1]]
    top, left = (SIZE[0] - h) // 2, (SIZE[1] - w) // 2
    padding = left, SIZE[1] - w - left, top, SIZE[0] - h - top
    masks, stored = planes()[:, :h, :w], []
    for t in range(4):
        padded = pad(tensor(t)[..., :h, :w], padding)
        if t:
            window = [stored[0], stored[-1]] if t > 1 else stored  # the first and the previous one
            logits = public_stm.aggregated(public_stm.segment(public, padded, window))
            share = logits[:, top : top + h, left : left + w].softmax(0)
            masks, expected = share[1:], np.array([0, 3, 5])[share.argmax(0).numpy()]
        with offered(subject.network) as seen:
            got = segmenter.step(image(t)[:h, :w], None if t else given)
        if t:
            assert (got == expected).mean() > 0.999
            assert len(np.unique(expected[::4, ::4])) > 1
        assert torch.allclose(seen[0][:, 0], pad(masks, padding), rtol=0, atol=1e-4)
        stored.append(public_stm.memorise(public, padded, pad(masks, padding)))


@torch.no_grad()
def test_an_object_of_another_cohort_is_among_the_others(subject: Subject) -> None:
    segmenter = Segmenter(subject.network)
    first, late = np.where(ids() == 3, 3, 0), np.where(ids() == 5, 5, 0)
    with offered(subject.network) as seen:
        segmenter.step(image(0), first.astype(np.uint8))
        segmenter.step(image(1), late.astype(np.uint8))
    alone, one, two = seen
    assert torch.equal(alone[0], torch.stack([planes()[0], torch.zeros(SIZE)]))
    assert torch.equal(one[0, 1], planes()[1])
    assert torch.equal(two[0, 0], planes()[1])
    assert torch.allclose(two[0, 1], one[0, 0])


def test_a_single_object_is_sharpened_by_soft_aggregation_as_counted_by_hand() -> None:
    assert aggregate(torch.full((1, 1, 1, 1), 0.8)).item() == pytest.approx(0.64 / 0.68)
    assert PRESETS["stm_original"].merge is aggregate


def test_the_preset_has_the_parameters_of_the_public_network_with_batch_norms_folded() -> None:
    with torch.device("meta"):
        net = Network.build("stm", "stm_original")
    sizes = {n: int(np.prod(s)) for n, s in public_stm.shapes().items()}
    learned = sum(
        s for n, s in sizes.items()
        if not n.endswith((".mean", ".std", "running_mean", "running_var", "num_batches_tracked"))
    )  # fmt: skip
    scales = sum(s for n, s in sizes.items() if n.endswith("running_var"))  # folded into weights
    one_channel = 256 * 9 + 1  # of the two that are predicted
    assert count_parameters(net) == learned - scales - one_channel


def test_the_file_says_where_it_comes_from(folder: Path) -> None:
    facts = weights.read(folder / "stm-stm_original.safetensors")[1]
    assert (facts["method"], facts["preset"]) == ("stm", "stm_original")
    assert facts["converted_from"]["file"] == "STM_weights.pth"
    assert len(facts["converted_from"]["sha256_first_12"]) == 12


def saved(path: Path, found: object) -> Path:
    torch.save(found, path / "some.pth")
    return path / "some.pth"


BIAS = "Decoder.pred2.bias"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({BIAS: None}, rf"{BIAS} is missing; expected floating-point \(2,\)"),
        ({BIAS: torch.ones(3)}, rf"{BIAS} is torch.float32 \(3,\); expected floating-point \(2,\)"),
        ({BIAS: torch.ones(2).long()}, rf"{BIAS} is torch.int64 \(2,\)"),
        ({BIAS: torch.tensor([1, torch.nan])}, rf"{BIAS} holds values that are not finite"),
        ({"Encoder_M.conv1.weight": torch.ones(64, 5, 7, 7)}, r"conv1.weight is .* \(64, 3, 7, 7"),
        ({"Encoder_M.std": torch.ones(1, 3, 1, 1)}, r"Encoder_M.std is \(1.0, 1.0, 1.0\); expect"),
        ({"module.x": torch.ones(1)}, "1 tensors belong to no layer, first module.x"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_by_the_name_of_its_tensor(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = saved(tmp_path, public_stm.cheap(**changes))
    with pytest.raises(DataError, match=message) as caught:
        convert("stm", path, tmp_path / "out.safetensors")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize("found", [[torch.ones(1)], {"state_dict": {}}, {1: torch.ones(1)}])
def test_a_file_of_anything_but_tensors_by_name_is_refused(tmp_path: Path, found: object) -> None:
    with pytest.raises(DataError, match=r"some\.pth is no dictionary of tensors by name"):
        convert("stm", saved(tmp_path, found), tmp_path / "out.safetensors")


class Code:
    """Unpickling this makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("new_format", [True, False])
def test_code_in_a_checkpoint_is_refused_and_never_run(tmp_path: Path, new_format: bool) -> None:
    path = tmp_path / "code.pth"
    harm = {"x": Code(tmp_path / "harm")}
    torch.save(harm, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(DataError, match=r"code\.pth cannot be read"):
        convert("stm", path, tmp_path / "out.safetensors")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_one_line_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "damaged.pth"
    path.write_bytes(content)
    assert run("convert", "stm", path) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"error: checkpoint {path} cannot be read (")
    assert line.count("\n") == 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.pth cannot be read \(No such file"):
        convert("stm", tmp_path / "absent.pth", tmp_path)


def test_weights_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(DataError, match=r"file/out\.safetensors cannot be written"):
        convert("stm", saved(tmp_path, public_stm.cheap()), blocked / "out.safetensors")


def test_a_method_without_a_known_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown method to convert 'gc'.*known: stm"):
        convert("gc", tmp_path / "any.pth", tmp_path)
