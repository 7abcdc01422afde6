"""The read of STM and its kin against the arrangement of the public code, at 480p and t = 20.

    pytest benchmarks/test_attention_speed.py -s

480p is 480x864 for the network: 30 x 54 locations. Two objects, key 128, value 512. Both are timed
in turn, and give the same readout.
"""

import math
from functools import partial

import public
import pytest
import torch
import torch.nn.functional as F
from pairs import in_turn, ratio, record, report

from vosbench import registry
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Bank, Frame, attend_top_k

GRID, KEY, VALUE, OBJECTS, T = (30, 54), 128, 512, 2, 20
# By threads: 1.89 to 2.07 and 1.75 to 2.29 were measured. The two products are 94 % of the time;
# the public read waits for memory besides, whose speed depends on what else the machine does.
AT_LEAST = {1: 1.7, 2: 1.6}
TOP_K = 50


@pytest.fixture(scope="module")
def stored():
    """Keys and values of T frames, channels last in memory as the encoders give them, and a query.

    Normal numbers: scores are about as far from each other as exp(1).
    """
    source = torch.Generator().manual_seed(0)

    def draw(n, channels):
        x = torch.randn(n, channels, *GRID, generator=source)
        return x.contiguous(memory_format=torch.channels_last)

    keys, values = ([draw(OBJECTS, d) for _ in range(T)] for d in (KEY, VALUE))
    return keys, values, draw(1, KEY)


def bank_of(keys, values):
    """STM, and its state after these frames."""
    memory, state = registry.build("stm", keys[0].shape[1], values[0].shape[1]), None
    for t, (key, value) in enumerate(zip(keys, values, strict=True)):
        state = memory.write(state, Frame(key, value, key[:, :1], t, t == 0))
    return memory, state


@torch.inference_mode()
def theirs(kept, last, query):
    """One frame: the last frame joins the kept ones, and all are read."""
    return public.read(*map(public.join, kept, last), query)


@torch.inference_mode()
def ours(memory, kept, last, query):
    """One frame: the last frame is written into a branch of the state, which is read."""
    return memory.read(memory.write(kept, last), query)[0]


def both(stored):
    """(public, ours), each ready to be called."""
    keys, values, query = stored
    memory, state = bank_of(keys[:-1], values[:-1])
    kept = [torch.stack(xs[:-1], 2) for xs in (keys, values)]
    last = [xs[-1].contiguous() for xs in (keys, values)]
    item = Frame(keys[-1], values[-1], keys[-1][:, :1], T - 1, False)
    slow = partial(theirs, kept, last, query.contiguous())
    return slow, partial(ours, memory, state, item, query)


def test_stm_reads_as_fast_as_promised(benchmark, stored, threads, capsys):
    naive, fast = both(stored)
    torch.testing.assert_close(fast(), naive(), rtol=1e-5, atol=1e-5)
    pairs = in_turn(naive, fast, 5)
    report(benchmark, capsys, "times_as_fast_as_public", pairs)
    record(benchmark, fast, 3)
    assert ratio(pairs) >= AT_LEAST[threads]


def test_the_public_read(benchmark, stored, threads):
    record(benchmark, both(stored)[0], 3)


def test_the_read_of_torch_itself(benchmark, stored, threads, capsys):
    """`scaled_dot_product_attention` over the joined bank: what `attend` is measured against."""
    keys, values, query = stored
    _, fast = both(stored)

    @torch.inference_mode()
    def of_torch():
        k, v = (torch.cat([x.flatten(2).mT for x in xs], 1) for xs in (keys, values))
        asked = query.flatten(2).mT.expand(OBJECTS, -1, -1)
        return F.scaled_dot_product_attention(asked, k, v).mT.unflatten(2, GRID)

    torch.testing.assert_close(fast(), of_torch(), rtol=1e-5, atol=1e-5)
    pairs = in_turn(of_torch, fast, 3)
    report(benchmark, capsys, "times_as_fast_as_torch", pairs)
    record(benchmark, of_torch, 2)
    assert ratio(pairs) > 1  # or `attend` should call it


def test_peak_temporary_bytes_of_a_read_are_those_of_one_frame(benchmark, stored, capsys):
    keys, values, query = stored
    peaks = {}
    for t in (1, 5, T):
        memory, state = bank_of(keys[:t], values[:t])
        with torch.inference_mode(), PeakBytes() as seen:
            result = memory.read(state, query)
        peaks[t] = seen.peak - seen.live
        assert peaks[t] == pytest.approx(memory.cost(t, math.prod(GRID), OBJECTS).temporary_bytes)
        del result
    naive, _ = both(stored)
    with PeakBytes() as seen:
        naive()
    with capsys.disabled():
        print(f"\n  peak MiB: {peaks[T] / 2**20:.1f}, public {seen.peak / 2**20:.1f}")
    assert len(set(peaks.values())) == 1
    benchmark.extra_info["temporary_mib"] = round(peaks[T] / 2**20, 1)
    benchmark.extra_info["public_mib"] = round(seen.peak / 2**20, 1)
    record(benchmark, partial(memory.read, state, query), 1)


def test_twenty_writes(benchmark, stored):
    """A write appends: microseconds, however large the bank."""
    benchmark(bank_of, *stored[:2])


def test_a_top_k_read_is_faster_than_the_value_product_of_a_full_one(benchmark, stored, capsys):
    """Scores, the k best and their values, against full attention and its second product alone."""
    keys, values, query = stored
    memory, state = bank_of(keys, values)
    joined = torch.cat([value.flatten(2) for value in values], 2).mT.contiguous()
    weight = torch.rand(OBJECTS, math.prod(GRID), joined.shape[1])
    asked = query.flatten(2)
    fast = torch.inference_mode()(partial(attend_top_k, state, asked, TOP_K, scale=KEY**-0.5))
    full = torch.inference_mode()(partial(memory.read, state, query))
    pairs = in_turn(full, fast, 3)
    report(benchmark, capsys, "times_as_fast_as_full_attention", pairs)
    product = in_turn(partial(torch.bmm, weight, joined), fast, 3)
    report(benchmark, capsys, "times_as_fast_as_the_value_product", product)
    record(benchmark, fast, 2)
    assert min(ratio(pairs), ratio(product)) > 1, "a top-k read costs more than reading everything"


def test_gradients_of_a_top_k_read_are_faster_than_through_a_dense_affinity(benchmark, capsys):
    """Forward and backward at 480p, two objects and three frames."""
    source = torch.Generator().manual_seed(0)
    pixels = math.prod(GRID)

    def draw(n, channels):
        return torch.randn(n, channels, pixels, generator=source).requires_grad_()

    keys, values = ([draw(OBJECTS, d) for _ in range(3)] for d in (KEY, VALUE))
    query, inputs = draw(1, KEY), [*keys, *values]

    def naive():
        best, place = (torch.cat(keys, 2).mT @ query * KEY**-0.5).topk(TOP_K, 1)
        dense = best.new_zeros(OBJECTS, 3 * pixels, pixels).scatter(1, place, best.softmax(1))
        return torch.cat(values, 2) @ dense

    def ours():
        return attend_top_k(Bank(tuple(keys), tuple(values)), query, TOP_K, scale=KEY**-0.5)

    slow, fast = (
        lambda f=f: torch.autograd.grad(f().square().sum(), inputs) for f in (naive, ours)
    )
    for a, b in zip(fast(), slow(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
    pairs = in_turn(slow, fast, 2)
    report(benchmark, capsys, "times_as_fast_as_public", pairs)
    record(benchmark, fast, 1)
    assert ratio(pairs) > 1, "gradients of a top-k read cost more than those of a dense one"


def test_the_top_k_read(benchmark, stored, capsys):
    """Against the public arrangement of it: everything at once, scattered into a dense affinity."""
    keys, values, query = stored
    _, state = bank_of(keys, values)
    kept, last = [torch.stack(xs[:-1], 2) for xs in stored[:2]], [xs[-1] for xs in stored[:2]]
    asked = query.flatten(2)

    @torch.inference_mode()
    def naive():
        key, value = (public.join(*x).flatten(2) for x in zip(kept, last, strict=True))
        affinity = key.transpose(1, 2) @ asked / math.sqrt(KEY)
        best, place = affinity.topk(TOP_K, dim=1)
        dense = torch.zeros_like(affinity).scatter_(1, place, best.softmax(1))
        return torch.bmm(value, dense)

    fast = torch.inference_mode()(partial(attend_top_k, state, asked, TOP_K, scale=KEY**-0.5))
    torch.testing.assert_close(fast(), naive(), rtol=1e-4, atol=1e-5)
    pairs = in_turn(naive, fast, 2)
    report(benchmark, capsys, "times_as_fast_as_public", pairs)
    record(benchmark, fast, 2)
    assert ratio(pairs) > 1


def test_a_training_step_of_the_read(benchmark, capsys):
    """Forward and backward of a clip's read: eight clips of 16 x 16 locations, two frames."""
    source = torch.Generator().manual_seed(0)
    dims = (64, 128)

    def draw(channels):
        return torch.randn(8, channels, 16, 16, generator=source).requires_grad_()

    xs, query = [[draw(d), draw(d)] for d in dims], draw(dims[0])
    memory, state = bank_of(*xs)

    def step():
        memory.read(state, query)[0].sum().backward()

    def naive():
        key, value = (torch.stack(x, 2) for x in xs)
        affinity = key.flatten(2).mT @ query.flatten(2) / math.sqrt(dims[0])
        (value.flatten(2) @ affinity.softmax(1)).sum().backward()

    pairs = in_turn(naive, step, 30)
    report(benchmark, capsys, "times_as_fast_as_public", pairs)
    record(benchmark, step, 20)
    assert ratio(pairs) > 0.8
