from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.training.sets import ArrayVideo, sources
from vosbench.training.clips import VISIBLE, Clip, Clips, Sources, target
from vosbench.training.recipe import Stage

STAGE = Stage(steps=4, side=24, video_share=0.5, interval=2, rate=1e-3, loss="hybrid")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(sources(tmp_path_factory.mktemp("stills")), STAGE, seed=3, length=16)


def same(a: Clip, b: Clip) -> bool:
    return torch.equal(a.frames, b.frames) and torch.equal(a.masks, b.masks)


def test_a_clip_is_a_pure_function_of_seed_and_index(clips: Clips) -> None:
    forwards = [clips[i] for i in range(6)]
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002 - the global state must not matter
    again = replace(clips, length=8)
    backwards = [again[i] for i in reversed(range(6))][::-1]
    assert all(same(a, b) for a, b in zip(forwards, backwards, strict=True))


def test_a_later_stage_goes_on_where_the_earlier_one_ended(clips: Clips) -> None:
    later = replace(clips, first=4)
    assert same(later[1], clips[5])
    assert not same(later[1], clips[1])


def test_another_seed_gives_other_clips(clips: Clips) -> None:
    assert not same(replace(clips, seed=4)[0], clips[0])


@given(st.integers(0, 2**20), st.integers(2, 7), st.sampled_from([0.0, 0.5, 1.0]))
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_clip_of_any_length_has_square_frames_and_masks_of_zero_and_one(
    clips: Clips, index: int, frames: int, share: float
) -> None:
    stage = replace(STAGE, frames=frames, video_share=share)
    clip = replace(clips, stage=stage)[index]
    assert clip.frames.shape == (frames, 3, 24, 24)
    assert clip.masks.shape == (frames, 1, 24, 24)
    assert set(clip.masks.unique().tolist()) <= {0.0, 1.0}
    assert 0 <= clip.frames.min() <= clip.frames.max() <= 1


def test_the_target_is_seen_in_the_first_frame(clips: Clips) -> None:
    assert all(clips[i].masks[0].mean() >= VISIBLE for i in range(30))


def test_stills_alone_make_clips_whatever_the_share_of_videos(clips: Clips) -> None:
    alone = replace(clips, sources=Sources(clips.sources.stills, []))
    assert alone[0].frames.shape == (3, 3, 24, 24)
    assert not same(alone[0], alone[1])


def videos_of(clips: Clips, video: ArrayVideo, **changed: object) -> Clips:
    stage = replace(STAGE, video_share=1.0, **changed)  # type: ignore[arg-type]
    return replace(clips, sources=Sources([], [[video]]), stage=stage)


def mask(*boxes: tuple[int, int, int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Object i + 1 fills box i: top, bottom, left, right."""
    ids = np.zeros((60, 80), np.uint8)
    for i, (top, bottom, left, right) in enumerate(boxes):
        ids[top:bottom, left:right] = i + 1
    return ids


def test_a_clip_of_a_video_follows_one_of_its_objects(clips: Clips) -> None:
    """The frames are as light as the ids: an object's own pixels have one lightness."""
    video = ArrayVideo([mask((5, 30, 5, 30), (30, 55, 40, 70))] * 6)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(12):
        footage = videos_of(clips, video)._footage(rng)
        light = footage.frames[:, :1][footage.masks > 0].mul(255 / 20).round().unique().tolist()
        assert len(light) == 1
        own = torch.from_numpy(video.masks[0] == int(light[0])).float()  # type: ignore[operator]
        assert torch.equal(footage.masks, own.expand(3, 1, -1, -1))
        seen.add(int(light[0]))
    assert seen == {1, 2}


def test_only_annotated_frames_are_read_and_never_further_apart_than_the_interval(
    clips: Clips,
) -> None:
    box = mask((10, 50, 10, 60))
    video = ArrayVideo([box if t % 3 == 0 else None for t in range(30)])
    rng = np.random.default_rng(1)
    gaps = set()
    for _ in range(40):
        video.read.clear()
        videos_of(clips, video, interval=2, frames=4)._footage(rng)
        assert len(video.read) == 4
        assert {t % 3 for t in video.read} == {0}
        steps = np.diff(video.read) // 3  # in annotated frames
        assert len(set(np.sign(steps))) == 1
        gaps |= set(np.abs(steps).tolist())
    assert gaps == {1, 2}


@pytest.mark.parametrize("length", [2, 3, 5])
def test_a_video_shorter_than_a_clip_repeats_its_last_frame(clips: Clips, length: int) -> None:
    video = ArrayVideo([mask((10, 50, 10, 60))] * length)
    videos_of(clips, video, frames=5)._footage(np.random.default_rng(0))
    read = sorted(video.read)
    assert read == [*range(length), *[length - 1] * (5 - length)]


def test_frames_without_any_object_still_make_a_clip_with_nothing_to_find(clips: Clips) -> None:
    nothing = ArrayVideo([mask()] * 4)
    clip = videos_of(clips, nothing, paste=0.0)[0]
    assert not clip.masks.any()


@given(st.integers(0, 10_000), st.floats(4, 80))
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_view_stays_inside_the_source_wherever_it_fits(seed: int, reach: float) -> None:
    rng = np.random.default_rng(seed)
    some = torch.from_numpy(rng.random((1, 30, 50)) < 0.05)
    for at, side in zip(target(rng, some, reach), (30, 50), strict=True):
        half = min(reach, side) / 2
        assert half - 1e-9 <= at <= side - half + 1e-9
