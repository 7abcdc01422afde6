"""Time of a frame: the `paper` preset at 480x854, the memory's share of it, the harness's overhead.

    pytest benchmarks/test_segmenter_speed.py

Shares and overheads are ratios within one run and stand in each benchmark's `extra_info`.
"""

import time
from statistics import median

import numpy as np
import pytest
import torch

from vosbench.harness.settings import Settings
from vosbench.harness.speed import Clock
from vosbench.harness.subject import prepare

SIZE = (480, 854)
AT_MOST = 0.02  # overhead of the harness over the bare network


def a_frame():
    return np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def a_mask():
    mask = np.zeros(SIZE, np.uint8)
    mask[120:360, 200:500] = 1
    return mask


def running(method, preset, frames, size=None, stage=None):
    """A segmenter that has seen `frames` frames."""
    settings = Settings(methods=(method,), preset=preset, weights="none", short_side=size)
    subject = prepare(method, settings)
    segmenter = subject.segmenter(stage=stage) if stage else subject.segmenter()
    frame = a_frame()
    for t in range(frames):
        segmenter.step(frame, a_mask() if t == 0 else None)
    return segmenter, frame


@pytest.mark.parametrize("t", [1, 10, 20])
@pytest.mark.parametrize("method", ["gc", "stm"])
def test_a_frame_of_the_paper_preset_and_the_share_of_its_memory(benchmark, method, t):
    clock = Clock("cpu")
    segmenter, frame = running(method, "paper", t, stage=clock.stage)
    clock.seconds.clear()
    start = time.perf_counter()
    benchmark.pedantic(segmenter.step, (frame,), rounds=1, iterations=1)
    whole = time.perf_counter() - start
    memory = clock.seconds["read"] + clock.seconds["write"]
    benchmark.extra_info["memory_share"] = round(memory / whole, 4)
    assert memory < whole / 2  # the network around it is the larger part at these t


def test_the_harness_adds_little_to_the_bare_network(benchmark):
    """Clocks, policy and cohorts against the same calls on the network alone, in turn."""
    clock = Clock("cpu")
    segmenter, frame = running("gc", "mini", 1, size=240, stage=clock.stage)
    network = segmenter.network
    fit = segmenter.fit

    def bare(state):
        x = torch.from_numpy(frame).permute(2, 0, 1)[None]
        x = fit.enter(x.to(torch.float32, memory_format=torch.channels_last) / 255)
        query = network.encode(x)
        readout, state = network.read(state, query)
        mask = network.decode(readout, query).sigmoid()
        state = network.write(state, x, mask, 1, given=False)
        return (fit.leave(mask)[0, 0] > 0.5).byte().numpy(), state

    def pair():
        with torch.inference_mode():
            start = time.perf_counter()
            bare(segmenter.cohorts[0].live)
            middle = time.perf_counter()
        segmenter.step(frame)
        return (time.perf_counter() - middle) / (middle - start)

    pair()
    ratios = [pair() for _ in range(30)]
    benchmark.pedantic(segmenter.step, (frame,), rounds=5)
    benchmark.extra_info["overhead_of_the_harness"] = round(median(ratios) - 1, 4)
    assert median(ratios) - 1 < AT_MOST
