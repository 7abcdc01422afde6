"""Pasting, on 1x4 frames that can be read off: the own object is 10, the other's 20."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.sets import ArrayVideo, sources
from tests.training.test_clips import STAGE, mask
from vosbench.training import clips as clips_module
from vosbench.training.clips import Clip, Clips, Footage, Sources, lay, paste
from vosbench.training.recipe import RECIPES
from vosbench.training.warp import STILL

OWN = torch.tensor([1.0, 1.0, 0.0, 0.0])  # where the own object is
OVER = torch.tensor([0.0, 1.0, 1.0, 0.0])  # where the other one is
FRAME = torch.tensor([10.0, 11.0, 1.0, 2.0])
OTHER = torch.tensor([3.0, 20.0, 21.0, 4.0])

BEHIND = ([10.0, 11.0, 21.0, 2.0], [1.0, 1.0, 0.0, 0.0])  # the own one hides the other
COVERED = ([10.0, 20.0, 21.0, 2.0], [1.0, 0.0, 0.0, 0.0])  # what is left of the own one
COVERER = ([10.0, 20.0, 21.0, 2.0], [0.0, 1.0, 1.0, 0.0])  # the other one is the target


def clip(frame: torch.Tensor, mask: torch.Tensor, frames: int = 2) -> Clip:
    return Clip(frame.expand(frames, 3, 1, 4), mask.expand(frames, 1, 1, 4))


def outcomes(draws: int) -> Counter[str]:
    rng = np.random.default_rng(0)
    found: Counter[str] = Counter()
    for _ in range(draws):
        frames, masks = paste(rng, clip(FRAME, OWN), clip(OTHER, OVER))
        assert all(torch.equal(f, frames[0]) for f in frames)
        seen = (frames[0, 0, 0].tolist(), masks[0, 0, 0].tolist())
        (name,) = (
            n
            for n, e in (("behind", BEHIND), ("covered", COVERED), ("coverer", COVERER))
            if seen == e
        )
        found[name] += 1
    return found


def test_a_pasted_object_lies_behind_over_or_becomes_the_target_and_nothing_else() -> None:
    found = outcomes(400)  # shares 0.4, 0.3, 0.3; five standard errors are 0.12
    assert found["behind"] / 400 == pytest.approx(0.4, abs=0.12)
    assert found["covered"] / 400 == pytest.approx(0.3, abs=0.12)
    assert found["coverer"] / 400 == pytest.approx(0.3, abs=0.12)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_pasted_behind_leaves_the_target_and_its_pixels_whole(seed: int) -> None:
    torch.manual_seed(seed)
    a, b = (Clip(torch.rand(3, 3, 8, 8), torch.rand(3, 1, 8, 8).round()) for _ in range(2))
    frames, masks = paste(np.random.default_rng(seed), a, b)
    whole = (masks == a.masks).all()
    own, other = a.masks.expand_as(frames) > 0, b.masks.expand_as(frames) > 0
    if whole:
        assert torch.equal(frames[own], a.frames[own])
        assert torch.equal(frames[other & ~own], b.frames[other & ~own])
    else:
        assert torch.equal(frames[other], b.frames[other])
        assert torch.equal(frames[own & ~other], a.frames[own & ~other])
        left = a.masks * (1 - b.masks)
        assert torch.equal(masks, left) or torch.equal(masks, b.masks)
    assert torch.equal(frames[~own & ~other], a.frames[~own & ~other])


def test_half_of_what_is_pasted_is_a_twin_cut_from_the_same_footage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    footages: list[Footage] = []
    monkeypatch.setattr(
        Clips, "_view", lambda self, rng, f: footages.append(f) or Clip(f.frames, f.masks)
    )
    monkeypatch.setattr(clips_module, "paste", lambda rng, clip, other: clip)
    video = ArrayVideo([mask((5, 30, 5, 30))] * 6)
    made = Clips(
        Sources([], [[video]]), replace(STAGE, paste=1.0, video_share=1.0), seed=0, length=1
    )
    twins = 0
    for _ in range(100):
        footages.clear()
        made._clip(np.random.default_rng([0, _]))
        twins += footages[0] is footages[1]
    assert 30 <= twins <= 70  # 50 expected; four standard errors are 20


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 5, 35), (1.0, 40, 40)])
def test_the_stage_says_how_many_clips_have_a_second_object(
    monkeypatch: pytest.MonkeyPatch, share: float, least: int, most: int
) -> None:
    pasted = []
    monkeypatch.setattr(
        clips_module, "paste", lambda rng, clip, other: pasted.append(other) or clip
    )
    video = ArrayVideo([mask((5, 30, 5, 30))] * 6)
    stage = replace(STAGE, paste=share, video_share=1.0)
    made = Clips(Sources([], [[video]]), stage, seed=0, length=40)
    rng = np.random.default_rng(0)
    for _ in range(40):
        made._clip(rng)
    assert least <= len(pasted) <= most


def test_twins_look_alike_and_lie_elsewhere() -> None:
    """Over an object's own view its twin has the same lightness, so that place alone tells."""
    video = ArrayVideo([mask((20, 40, 20, 40))] * 6)
    made = Clips(
        Sources([], [[video]]), replace(STAGE, paste=0.0, video_share=1.0), seed=0, length=1
    )
    rng = np.random.default_rng(5)
    footage = made._footage(rng)
    one, twin = made._view(rng, footage), made._view(rng, footage)
    inside = [float(c.frames[:, :1][c.masks > 0].median()) for c in (one, twin)]
    assert inside[0] == pytest.approx(inside[1], abs=1e-4)
    assert not torch.equal(one.masks, twin.masks)


def test_a_layer_on_top_is_the_target_or_leaves_the_rest_of_the_first_one_equally_often() -> None:
    rng, top = np.random.default_rng(0), 0
    for _ in range(400):
        frames, masks = lay(rng, clip(FRAME, OWN), clip(OTHER, OVER))
        seen = (frames[0, 0, 0].tolist(), masks[0, 0, 0].tolist())
        assert seen in (COVERED, COVERER)
        top += seen == COVERER
    assert top / 400 == pytest.approx(0.5, abs=0.125)  # five standard errors


def of_stills(folder: Path, share: float, paste: float) -> Clips:
    stage = replace(STAGE, layers="stills", video_share=share, paste=paste)
    return Clips(sources(folder), stage, seed=0, length=1)


def test_where_stills_alone_are_layered_a_still_clip_gets_another_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views: list[Footage] = []
    monkeypatch.setattr(
        Clips, "_view", lambda self, rng, f: views.append(f) or Clip(f.frames, f.masks)
    )
    rng, other = np.random.default_rng(0), 0
    for _ in range(60):
        views.clear()
        of_stills(tmp_path, share=0.0, paste=1.0)._clip(rng)
        assert [v.motion for v in views] == [STILL, STILL]
        other += not torch.equal(views[0].frames, views[1].frames)
    assert other >= 25  # 40 expected: one of three stills is the same; four standard errors are 15


def test_where_stills_alone_are_layered_a_video_clip_stays_as_it_is(tmp_path: Path) -> None:
    for seed in range(8):
        pasted, bare = (
            of_stills(tmp_path, share=1.0, paste=p)._clip(np.random.default_rng(seed))
            for p in (1.0, 0.0)
        )
        assert torch.equal(pasted.frames, bare.frames)
        assert torch.equal(pasted.masks, bare.masks)


def test_a_video_clip_is_seen_from_as_near_as_its_stage_says(tmp_path: Path) -> None:
    made = of_stills(tmp_path, share=1.0, paste=0.5)  # clips of side 24
    near = replace(made, stage=replace(made.stage, view=(0.6, 1.4)))
    reach = near._footage(np.random.default_rng(0)).reach
    assert reach == pytest.approx((0.6 * 24, 1.4 * 24))


def test_recipes_begin_with_layers_of_stills_and_all_but_the_papers_go_on_to_any() -> None:
    layers = {name: [s.layers for s in plan.stages] for name, plan in RECIPES.items()}
    assert set(layers["paper"]) == {"stills"}
    assert layers["mini"] == ["stills", "any"]
    assert set(layers["adapt"] + layers["long"] + layers["refine"]) == {"any"}
