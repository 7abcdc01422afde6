"""One video through the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.model.builders import SIZE, frame, mask, network
from vosbench.errors import DataError
from vosbench.memory import WritePolicy, state_bytes
from vosbench.model.segmenter import Segmenter

METHODS = pytest.mark.parametrize("method", ["gc", "stm"])


@METHODS
@pytest.mark.parametrize(("size", "short"), [((97, 131), None), ((97, 131), 32), ((20, 17), None)])
def test_a_frame_of_any_size_gives_ids_of_its_size(
    method: str, size: tuple[int, int], short: int | None
) -> None:
    segmenter = Segmenter(network(method), short_side=short)
    given = mask(1, 7, size=size)
    assert np.array_equal(segmenter.step(frame(0, size), given), given)
    ids = segmenter.step(frame(1, size))
    assert (ids.shape, ids.dtype) == (size, np.uint8)
    assert set(np.unique(ids)) <= {0, 1, 7}


@METHODS
def test_an_object_given_later_joins_with_a_memory_of_its_own(method: str) -> None:
    segmenter = Segmenter(network(method))
    segmenter.step(frame(0), mask(3))
    segmenter.step(frame(1))
    before = segmenter.cohorts[0].kept
    late = np.zeros(SIZE, np.uint8)
    late[20:, 30:] = 9
    ids = segmenter.step(frame(2), late)
    assert (ids[late == 9] == 9).all()
    assert segmenter.objects == (3, 9)
    assert [c.objects for c in segmenter.cohorts] == [(3,), (9,)]
    assert segmenter.cohorts[1].kept is not None
    assert segmenter.cohorts[0].kept is not None
    assert before is not None
    assert set(np.unique(segmenter.step(frame(3)))) <= {0, 3, 9}


def test_ids_that_are_known_already_start_no_second_memory() -> None:
    segmenter = Segmenter(network())
    segmenter.step(frame(0), mask(1, 2))
    segmenter.step(frame(1), mask(1, 2, 5))
    assert [c.objects for c in segmenter.cohorts] == [(1, 2), (5,)]


def test_a_temporary_write_never_reaches_the_kept_state() -> None:
    segmenter = Segmenter(network("stm"), policy=WritePolicy(every=5, include_previous=True))
    stored = []
    for t in range(8):
        segmenter.step(frame(t), mask(1) if t == 0 else None)
        (cohort,) = segmenter.cohorts
        stored.append((len(cohort.kept.keys), len(cohort.live.keys)))
        if t == 5:
            snapshot = [key.clone() for key in cohort.kept.keys]
    assert stored == [(1, 1), (1, 2), (1, 2), (1, 2), (1, 2), (2, 2), (2, 3), (2, 3)]
    for kept, live, before in zip(cohort.kept.keys, cohort.live.keys, snapshot, strict=False):
        assert torch.equal(kept, before)
        assert torch.equal(live, before)


def test_the_memories_hold_what_reads_counts() -> None:
    policy = WritePolicy(every=3, include_previous=True)
    segmenter = Segmenter(network("stm"), policy=policy)
    for t in range(8):
        if t > 0:
            live = len(segmenter.cohorts[0].live.keys)
            assert live == policy.seen(t)
        segmenter.step(frame(t), mask(1) if t == 0 else None)


def test_a_given_frame_that_is_not_kept_serves_until_the_first_kept_one() -> None:
    segmenter = Segmenter(network("stm"), policy=WritePolicy(every=2, keep_first=False))
    segmenter.step(frame(0), mask(1))
    assert segmenter.cohorts[0].kept is None
    segmenter.step(frame(1))
    assert len(segmenter.cohorts[0].live.keys) == 1
    segmenter.step(frame(2))
    assert len(segmenter.cohorts[0].kept.keys) == 1


def test_the_state_of_gc_is_one_matrix_per_object_at_any_time() -> None:
    segmenter = Segmenter(network())
    sizes = []
    for t in range(4):
        segmenter.step(frame(t), mask(1, 2, 3) if t == 0 else None)
        sizes.append(segmenter.state_bytes)
    assert sizes == [3 * 64 * 128 * 4] * 4


def test_the_state_of_stm_counts_kept_and_temporary_frames() -> None:
    segmenter = Segmenter(network("stm"))
    one = 6 * (64 + 128) * 4
    segmenter.step(frame(0), mask(1))
    assert segmenter.state_bytes == one
    segmenter.step(frame(1))
    (cohort,) = segmenter.cohorts
    assert (state_bytes(cohort.kept), state_bytes(cohort.live)) == (one, 2 * one)
    assert segmenter.state_bytes == 2 * one  # the temporary write shares what is kept


def test_a_frame_of_another_size_is_a_data_error_that_names_both() -> None:
    segmenter = Segmenter(network())
    segmenter.step(frame(0), mask(1))
    with pytest.raises(DataError, match=r"frame 1 is \(32, 64\); the first one is \(32, 48\)"):
        segmenter.step(frame(1, (32, 64)))


@pytest.mark.parametrize("given", [None, np.zeros(SIZE, np.uint8)], ids=["no mask", "empty mask"])
def test_a_first_frame_without_an_object_is_a_data_error(given: np.ndarray | None) -> None:
    with pytest.raises(DataError, match="frame 0 has no object"):
        Segmenter(network()).step(frame(0), given)


@METHODS
def test_the_same_video_gives_the_same_ids_twice(method: str) -> None:
    runs = []
    for _ in range(2):
        segmenter = Segmenter(network(method))
        runs.append([segmenter.step(frame(t), None if t else mask(1, 2)) for t in range(4)])
    assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))


def test_an_object_whose_mask_vanished_keeps_its_place() -> None:
    segmenter = Segmenter(network())
    segmenter.step(frame(0), mask(1, 2))
    for t in range(1, 4):
        segmenter.step(frame(t))
    assert segmenter.objects == (1, 2)
    assert len(segmenter.cohorts[0].kept.context) == 2


def test_bfloat16_gives_ids_too() -> None:
    segmenter = Segmenter(network(), precision=torch.bfloat16)
    segmenter.step(frame(0), mask(1, 2))
    assert set(np.unique(segmenter.step(frame(1)))) <= {0, 1, 2}


def test_each_stage_of_a_frame_is_announced_in_order() -> None:
    from contextlib import contextmanager

    names: list[str] = []

    @contextmanager
    def stage(name):
        names.append(name)
        yield

    segmenter = Segmenter(network(), stage=stage)
    segmenter.step(frame(0), mask(1))
    assert names == ["prepare", "memory_encode", "write", "resize", "decide"]
    names.clear()
    segmenter.step(frame(1))
    assert list(dict.fromkeys(names)) == [
        "prepare", "encode", "read", "decode", "memory_encode", "write", "resize", "decide"
    ]  # fmt: skip
