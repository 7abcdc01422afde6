"""A whole frame of STM against the arrangement of the public network, with the same weights.

    pytest benchmarks/test_frame_speed.py -s

480x864, three objects, t = 20 stored frames, float32. `paper` is the preset of the comparisons;
`stm_original` has the public network's own decoder, where more depends on the frame alone.
"""

import numpy as np
import pytest
import torch
from pairs import in_turn, ratio, record, report
from public import Public

from vosbench.harness.settings import Settings
from vosbench.harness.speed import Clock
from vosbench.harness.subject import prepare
from vosbench.memory import Bank
from vosbench.model.frames import to_tensor
from vosbench.model.segmenter import Cohort

SIZE, T, OBJECTS = (480, 864), 20, (1, 2, 3)
# 1.3 to 1.9 were measured, by machine: convolutions that both share are more or less of a frame.
# A failed run is no baseline for the next, so this is below the least.
AT_LEAST = 1.25


def a_frame(seed):
    """Smooth colours, so that features differ from place to place as those of a picture do."""
    coarse = torch.rand(1, 3, 15, 27, generator=torch.Generator().manual_seed(seed))
    fine = torch.nn.functional.interpolate(coarse, size=SIZE, mode="bicubic")
    return (255 * fine[0].clamp(0, 1)).byte().permute(1, 2, 0).contiguous().numpy()


def discs():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    ids = np.zeros(SIZE, np.uint8)
    for i in OBJECTS:
        ids[np.hypot(y - 240, x - 216 * i) < 100] = i
    return ids


@pytest.fixture(scope="module", params=["paper", "stm_original"])
def videos(request):
    """The same video in its middle, twice: (public, ours, clock of our stages)."""
    clock = Clock("cpu")
    settings = Settings(methods=("stm",), preset=request.param, weights="none")
    subject = prepare("stm", settings)
    segmenter = subject.segmenter(stage=clock.stage)
    segmenter.step(a_frame(0), discs())
    key, value = (x[0] for x in segmenter.cohorts[0].kept)
    source = torch.Generator().manual_seed(1)

    def like(x):
        """Another frame's features: as this one's, and half of their spread on top."""
        return x + torch.randn(x.shape, generator=source) * x.std() / 2

    keys, values = ([x, *(like(x) for _ in range(T - 1))] for x in (key, value))
    kept, live = (Bank(tuple(keys[:n]), tuple(values[:n])) for n in (T - 1, T))
    segmenter.cohorts, segmenter.t = [Cohort(OBJECTS, kept=kept, live=live)], 96
    grid = SIZE[0] // 16, SIZE[1] // 16
    stored = [[x.unflatten(2, grid) for x in xs] for xs in (keys, values)]
    with torch.inference_mode():
        return Public(segmenter.network, *stored, OBJECTS), segmenter, clock


def ours(segmenter):
    """One frame; the same frame again and again, none of them kept."""
    segmenter.t = 96
    return segmenter.step(a_frame(2))


def test_both_arrangements_give_the_same_logits(videos):
    public, segmenter, _ = videos
    image = to_tensor(a_frame(2), segmenter.device)
    with torch.inference_mode():
        query = segmenter.network.encode(image)
        readout, _ = segmenter.network.read(segmenter.cohorts[0].live, query)
        logits = segmenter.network.decode(readout, query)
    expected = public.logits(image.contiguous())
    assert expected.std() > 1e-3  # they say something
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_a_frame_is_faster_than_in_the_public_arrangement(benchmark, videos, threads, capsys):
    public, segmenter, clock = videos
    pairs = in_turn(lambda: public.step(a_frame(2)), lambda: ours(segmenter), 3)
    report(benchmark, capsys, "times_as_fast_as_public", pairs)
    clock.seconds.clear()
    record(benchmark, lambda: ours(segmenter), 1)
    benchmark.extra_info["stages"] = {k: round(v, 3) for k, v in clock.seconds.items()}
    with capsys.disabled():
        print(f"  stages of ours, s: {benchmark.extra_info['stages']}")
    assert ratio(pairs) >= AT_LEAST
