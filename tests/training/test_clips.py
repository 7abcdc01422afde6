import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.training.stills import write_stills
from vosbench.training.clips import Clip, Clips, target
from vosbench.training.sources import stills


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    pairs = stills(write_stills(tmp_path_factory.mktemp("stills"), 4))
    return Clips(pairs, [pairs], seed=3, length=16, side=24, video_share=0.5, interval=2)


def same(a: Clip, b: Clip) -> bool:
    return torch.equal(a.frames, b.frames) and torch.equal(a.masks, b.masks)


def test_a_clip_is_a_pure_function_of_seed_and_index(clips: Clips) -> None:
    forwards = [clips[i] for i in range(6)]
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002 - the global state must not matter
    backwards = [clips[i] for i in reversed(range(6))][::-1]
    assert all(same(a, b) for a, b in zip(forwards, backwards, strict=True))


def test_a_later_stage_goes_on_where_the_earlier_one_ended(clips: Clips) -> None:
    later = Clips(**{**vars(clips), "first": 4})
    assert same(later[1], clips[5])
    assert not same(later[1], clips[1])


def test_another_seed_gives_other_clips(clips: Clips) -> None:
    assert not same(Clips(**{**vars(clips), "seed": 4})[0], clips[0])


def test_clips_have_three_square_frames_and_masks_of_zero_and_one(clips: Clips) -> None:
    for i in range(12):
        frames, masks = clips[i]
        assert frames.shape == (3, 3, 24, 24)
        assert masks.shape == (3, 1, 24, 24)
        assert set(masks.unique().tolist()) <= {0.0, 1.0}
        assert frames.min() >= 0
        assert frames.max() <= 1
        assert masks[0].any()


def test_videos_shorter_than_a_clip_still_give_three_frames(clips: Clips) -> None:
    short = Clips(**{**vars(clips), "stills": [], "videos": [clips.stills[:1]]})
    assert short[0].frames.shape == (3, 3, 24, 24)


@given(st.integers(0, 10_000), st.floats(4, 80))
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_view_stays_inside_the_source_wherever_it_fits(seed: int, reach: float) -> None:
    rng = np.random.default_rng(seed)
    mask = torch.from_numpy(rng.random((1, 30, 50)) < 0.05)
    for at, side in zip(target(rng, mask, reach), (30, 50), strict=True):
        half = min(reach, side) / 2
        assert half - 1e-9 <= at <= side - half + 1e-9
