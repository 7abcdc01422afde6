"""Random features, and the host's policy on them."""

from __future__ import annotations

from dataclasses import replace

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.plugins import Counting, Diary
from vosbench.harness.features import Features, Host
from vosbench.memory import WritePolicy, state_bytes

policies = st.builds(
    WritePolicy,
    every=st.integers(1, 7),
    keep_first=st.booleans(),
    include_previous=st.booleans(),
)
times = st.sets(st.integers(1, 16), min_size=1, max_size=5).map(lambda s: tuple(sorted(s)))


def written(policy: WritePolicy, t: int) -> list[int]:
    """Frames that the read of frame t sees, said once more."""
    kept = [s for s in range(t) if (policy.keep_first if s == 0 else s % policy.every == 0)]
    if policy.include_previous or not kept:
        kept.append(t - 1 if policy.include_previous else 0)
    return sorted(set(kept))


@given(policies, times)
@settings(max_examples=100, deadline=None)
def test_a_read_sees_the_frames_that_the_policy_names(
    policy: WritePolicy, times: tuple[int, ...]
) -> None:
    features = Features(Diary(2, 2), (1, 2), objects=1)
    for t, _, live in features.states(policy, times):
        assert list(live) == written(policy, t)
        assert len(live) == policy.seen(t)


@given(policies, times)
@settings(max_examples=100, deadline=None)
def test_a_memory_that_counts_is_read_once_for_each_frame_before(
    policy: WritePolicy, times: tuple[int, ...]
) -> None:
    features = Features(Counting(2, 2), (1, 2), objects=1)
    for t, _, (frames, heard) in features.states(policy, times):
        assert list(frames) == written(policy, t)
        if not policy.include_previous and policy.keep_first:
            assert heard == t - 1


def test_a_memory_that_does_not_count_is_read_once_and_no_more() -> None:
    memory = Diary(2, 2)
    asked: list[int] = []
    plain = memory.read
    memory.read = lambda state, query: (asked.append(1), plain(state, query))[1]  # type: ignore[method-assign]
    Host(Features(memory, (1, 2), objects=1), WritePolicy()).advance(500)
    assert len(asked) == 1


def test_a_copy_of_a_host_goes_on_by_itself() -> None:
    host = Host(Features(Diary(2, 2), (1, 2), objects=1), WritePolicy(every=2))
    host.advance(3)
    other = replace(host)
    other.advance(9)
    assert host.live == (0, 2)
    assert other.live == (0, 2, 4, 6, 8)


def test_features_of_a_frame_are_the_same_at_every_call_and_of_the_shapes_asked_for() -> None:
    features = Features(Diary(4, 6), (2, 3), objects=2)
    frame = features.frame(5)
    assert frame.key.shape == (2, 4, 2, 3)
    assert frame.value.shape == (2, 6, 2, 3)
    assert frame.mask.shape == (2, 1, 2, 3)
    again = features.frame(5)
    assert all(torch.equal(a, b) for a, b in zip(frame[:3], again[:3], strict=True))
    assert state_bytes((frame.key, again.key)) == 2 * state_bytes(frame.key)  # not one storage
    assert (features.frame(0).given, frame.given) == (True, False)
    assert features.query().shape == (1, 4, 2, 3)


def test_features_of_two_frames_two_seeds_and_a_query_differ() -> None:
    features = Features(Diary(4, 4), (2, 3), objects=1)
    drawn = [features.frame(0).key, features.frame(1).key, features.query(),
             replace(features, seed=1).frame(0).key, features.frame(0).value]  # fmt: skip
    for i, a in enumerate(drawn):
        for b in drawn[i + 1 :]:
            assert not torch.equal(a, b)
