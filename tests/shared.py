"""Real data for tests, where it is at hand: a folder `shared` beside the checkout."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
IN_CI = bool(os.environ.get("CI"))

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and not IN_CI,
    reason="real data not found: no folder ../shared beside the checkout",
)
