"""What must hold for each scene, whatever it shows."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.data import load
from vosbench.data.synthetic import SCENARIOS, SyntheticVideo
from vosbench.data.synthetic.creatures import KINDS, Kind, Part
from vosbench.data.synthetic.render import paint_backdrop, paint_frame, paint_mask
from vosbench.data.synthetic.scene import Actor, Path, Scene

SMALL = "size=96x160,length=24"


def _video(name: str, options: str = SMALL) -> SyntheticVideo:
    (video,) = load(f"synthetic:scenario={name},{options}").videos
    assert isinstance(video, SyntheticVideo)
    return video


def _scene(*actors: Actor) -> Scene:
    return Scene((60, 80), "sand", 7, actors, Path(0, 0), 0)


def _areas(video: SyntheticVideo, label: int) -> list[int]:
    return [int((video.truth(t) == label).sum()) for t in range(len(video))]


@pytest.fixture
def ball(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(KINDS, "ball", Kind(lambda _: [Part(0, 0, 1, 1)], 1, "front"))
    return "ball"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_ids_in_the_masks_are_the_objects(name: str) -> None:
    video = _video(name)
    ids = {int(key) for t in range(len(video)) for key in np.unique(video.truth(t))} - {0}
    assert ids == set(video.objects)
    assert len(video.objects) == SCENARIOS[name].objects


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(SCENARIOS)),
    objects=st.integers(1, 12),
    size=st.tuples(st.integers(32, 150), st.integers(32, 150)),
    length=st.integers(1, 6),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_options_give_frames_and_masks_that_fit(
    name: str, objects: int, size: tuple[int, int], length: int, seed: int
) -> None:
    options = f"objects={objects},size={size[0]}x{size[1]},length={length},seed={seed}"
    video = _video(name, options)
    assert len(video) == len(video.frame_names) == length
    given_ids: list[int] = []
    for t in range(length):
        frame, truth, handed = video.frame(t), video.truth(t), video.given(t)
        assert frame.shape == (*size, 3)
        assert truth.shape == size
        assert frame.dtype == truth.dtype == np.uint8
        assert truth.max() <= objects
        if handed is not None:
            new = sorted({int(key) for key in np.unique(handed)} - {0})
            given_ids += new
            np.testing.assert_array_equal(handed, np.where(np.isin(truth, new), truth, 0))
    assert sorted(given_ids) == list(video.objects)  # each is given once


def test_a_frame_does_not_depend_on_those_read_before() -> None:
    first, second = _video("crowd"), pickle.loads(pickle.dumps(_video("crowd")))
    late = first.frame(20)
    for t in range(20):
        second.frame(t)
    np.testing.assert_array_equal(second.frame(20), late)


def test_another_seed_is_another_video() -> None:
    assert (_video("drift").frame(0) != _video("drift", SMALL + ",seed=1").frame(0)).mean() > 0.5


@pytest.mark.parametrize("t", [-1, 24])
def test_a_frame_beyond_the_ends_is_an_index_error(t: int) -> None:
    video = _video("drift")
    for read in (video.frame, video.truth, video.given):
        with pytest.raises(IndexError):
            read(t)


def test_a_ball_covers_the_pixels_with_half_their_samples_in_its_circle(ball: str) -> None:
    x, y, radius = 31.3, 24.8, 13.7
    mask = paint_mask(_scene(Actor(ball, 0, radius, Path(x, y), 5)), 0)
    for row in range(60):
        for column in range(80):
            hits = sum(
                math.hypot(column + dx - x, row + dy - y) < radius
                for dx in (0.25, 0.75)
                for dy in (0.25, 0.75)
            )
            assert mask[row, column] == (5 if hits >= 2 else 0)


@pytest.mark.parametrize("turn", [0.0, 0.1, 0.25, 0.7])
def test_a_turned_ellipse_lies_where_trigonometry_says(
    turn: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Part(0.3, -0.2, 0.8, 0.3, turn)
    monkeypatch.setitem(KINDS, "egg", Kind(lambda _: [part], 1, "front"))
    mask = paint_mask(_scene(Actor("egg", 0, 25, Path(40, 30), 1)), 0)
    row, column = np.mgrid[0:60, 0:80] + 0.5
    x, y = column - 40 - 25 * part.x, row - 30 - 25 * part.y
    angle = 2 * math.pi * turn
    along, across = (
        x * math.cos(angle) + y * math.sin(angle),
        y * math.cos(angle) - x * math.sin(angle),
    )
    distance = np.hypot(along / (25 * part.length), across / (25 * part.width))
    assert mask[distance < 0.9].all()
    assert not mask[distance > 1.1].any()
    assert mask.sum() == pytest.approx(math.pi * 25 * 25 * 0.8 * 0.3, rel=0.05)


def test_the_actor_in_front_hides_the_one_behind(ball: str) -> None:
    back = Actor(ball, 0, 12, Path(30, 30), 1)
    front = Actor(ball, 1, 12, Path(40, 30), 2)
    assert paint_mask(_scene(back, front), 0)[30, 35] == 2
    assert paint_mask(_scene(front, back), 0)[30, 35] == 1
    alone = paint_mask(_scene(back), 0) == 1
    hidden = alone & (paint_mask(_scene(back, front), 0) != 1)
    np.testing.assert_array_equal(hidden, alone & (paint_mask(_scene(front), 0) == 2))


def test_scenery_hides_objects_and_has_no_id(ball: str) -> None:
    ids = paint_mask(
        _scene(Actor(ball, 0, 12, Path(30, 30), 1), Actor(ball, 1, 12, Path(40, 30))), 0
    )
    assert set(np.unique(ids)) == {0, 1}
    assert ids[30, 35] == 0


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"hound"}))  # a hound has a shadow besides
def test_a_frame_changes_just_where_the_mask_says(kind: str) -> None:
    actor = Actor(kind, 2, 17, Path(41, 28, 3, 2), 1, beat=0.2)
    empty, full = _scene(), _scene(actor)
    before, after = (paint_frame(s, 3, paint_backdrop(s)) for s in (empty, full))
    changed = (before != after).any(axis=2)
    mask = paint_mask(full, 3) == 1
    wide = np.pad(mask, 1)
    near = np.logical_or.reduce([np.roll(wide, s, axis=a) for a in (0, 1) for s in (-1, 0, 1)])
    assert not (changed & ~near[1:-1, 1:-1]).sum() > 0.02 * mask.sum()  # samples of thin tips
    assert (changed & mask).sum() > 0.97 * mask.sum()


@pytest.mark.parametrize("label", [1, 2])
def test_an_object_leaves_entirely_and_comes_back(label: int) -> None:
    video = _video("leave-and-return", "length=60")
    areas = _areas(video, label)
    leaves = areas.index(0)
    returns = next(t for t in range(leaves, 60) if areas[t])
    assert returns - leaves >= 3
    assert max(areas[:leaves]) > 700
    assert max(areas[returns:]) > 700
    assert [t for t in range(60) if (g := video.given(t)) is not None and label in g] == [0]


def test_the_default_length_sees_an_object_leave_and_return() -> None:
    areas = _areas(_video("leave-and-return", "length=24"), 1)
    away = [t for t, area in enumerate(areas) if area == 0]
    assert away
    assert areas[0] > 0
    assert areas[-1] > 0


def test_the_twins_look_alike_meet_and_change_sides() -> None:
    video = _video("crossing-twins", "length=24")
    one, other = video.scene.actors
    assert (one.kind, one.skin, one.size) == (other.kind, other.skin, other.size)
    sides = []
    for t in range(24):
        columns = [np.nonzero(video.truth(t) == label)[1].mean() for label in (1, 2)]
        sides.append(columns[0] < columns[1])
    assert len(set(sides)) == 2
    areas = _areas(video, 1)
    assert min(areas) < 0.9 * max(areas)  # one hides part of the other as they pass


def test_creatures_pass_behind_scenery_and_one_another() -> None:
    video = _video("occlusion", "length=48")
    bare = replace(video, scene=replace(video.scene, actors=video.scene.actors[:1]))
    shares = [
        (video.truth(t) == 1).sum() / max(1, (bare.truth(t) == 1).sum()) for t in range(len(video))
    ]
    assert min(shares) < 0.6
    assert max(shares) > 0.95


def test_late_objects_are_given_in_a_good_view_when_they_arrive() -> None:
    video = _video("late-arrival", "length=24")
    arrivals = {}
    for t in range(24):
        handed = video.given(t)
        if handed is not None:
            arrivals.update({int(k): (t, int((handed == k).sum())) for k in np.unique(handed) if k})
    assert [t for t, _ in arrivals.values()] == [0, 6, 12]
    assert min(area for _, area in arrivals.values()) > 500


def test_outlines_deform_from_frame_to_frame() -> None:
    video = _video("deform", "length=24")
    widths = [np.ptp(np.nonzero(video.truth(t) == 2)[1]) for t in range(24)]
    assert max(widths) > 1.3 * min(widths)


def test_the_light_of_drift_fades() -> None:
    video = _video("drift", "length=48")
    assert video.frame(47).mean() < 0.6 * video.frame(0).mean()


@given(st.integers(0, 10**6))
def test_the_camera_stays_on_the_ground(t: int) -> None:
    scene = _video("drift", SMALL).scene
    assert all(0 <= place <= 2 * scene.margin for place in scene.camera(t))


def test_a_video_may_be_as_long_as_one_likes() -> None:
    video = _video("crowd", "size=96x160,length=1000000")
    assert (video.truth(999_999) > 0).sum() > 200
    assert video.frame(999_999).std() > 10
