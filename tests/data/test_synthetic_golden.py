"""The synthetic set is the same, bit for bit, on every machine.

A change of these digests changes every number measured on the set: say so in the changelog, under
"Numbers".
"""

import hashlib

import pytest

from vosbench.data import load
from vosbench.data.synthetic import SCENARIOS

DEFAULT = {
    "drift": "c2f070d41d484f79",
    "deform": "f1a1e832c85211c0",
    "occlusion": "7a7302aeba1046be",
    "leave-and-return": "0497b969e79a86b4",
    "crossing-twins": "7a7709118fa94840",
    "late-arrival": "e7aca18008b429c5",
    "crowd": "b7e95b07cffae6d8",
}
LARGE = "b614ef1385378cf5"


def _digest(spec: str, times: tuple[int, ...]) -> str:
    total = hashlib.sha256()
    for video in load(spec).videos:
        for t in times:
            truth = video.truth(t)
            assert truth is not None
            total.update(video.frame(t).tobytes())
            total.update(truth.tobytes())
    return total.hexdigest()[:16]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_frames_and_masks_of_a_scenario_are_those_on_record(name: str) -> None:
    assert _digest(f"synthetic:scenario={name}", (0, 7, 23)) == DEFAULT[name]


def test_other_sizes_seeds_and_lengths_are_those_on_record() -> None:
    spec = "synthetic:scenario=crowd+occlusion,size=480x854,seed=9,objects=5,length=5000"
    assert _digest(spec, (0, 4321)) == LARGE
