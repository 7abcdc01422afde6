import subprocess
import sys

import pytest

from tests.data.builders import one_line
from vosbench.data import DATASETS, load
from vosbench.errors import UsageError


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"synthetic"}))
def test_a_set_of_files_wants_a_path(name: str) -> None:
    for spec in (name, f"{name}=", f"{name}:length=3"):
        with one_line(UsageError, f"{name}=PATH"):
            load(spec)


@pytest.mark.parametrize(
    ("spec", "near"), [("davis2o17=x", "davis2017"), ("sinthetic", "synthetic")]
)
def test_an_unknown_set_lists_the_nearest(spec: str, near: str) -> None:
    with one_line(UsageError, "unknown dataset", near):
        load(spec)


def test_an_empty_spec_lists_the_sets() -> None:
    with one_line(UsageError, *DATASETS):
        load("")


def test_the_synthetic_set_takes_no_path() -> None:
    with one_line(UsageError, "no files"):
        load("synthetic=/tmp")


def test_data_sets_do_without_torch() -> None:
    code = "import sys, vosbench.data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
