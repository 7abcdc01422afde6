"""What of a state counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vosbench.errors import PluginError
from vosbench.memory import state_bytes


def test_tensors_count_at_any_depth_and_numbers_and_none_are_free() -> None:
    three = torch.zeros(3)
    state = (three, [None, {"bank": torch.zeros(2), 7: (True, 2.5, np.int64(3))}], three[:1])
    assert state_bytes(state) == 4 * (3 + 2)


@pytest.mark.parametrize("hidden", [np.zeros(3), {1}, "text", object()])
def test_what_may_hide_bytes_is_refused_with_its_kind(hidden: object) -> None:
    name = type(hidden).__name__
    with pytest.raises(PluginError, match=f"its state holds a {name}, .* a NamedTuple of them"):
        state_bytes(torch.zeros(1), {"a": [hidden]})
