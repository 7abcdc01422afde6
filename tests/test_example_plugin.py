"""A package from outside, installed into an environment of its own and used from there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "examples" / "vosbench-example-plugin"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment, which sees ours and holds the plugin besides."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, system_site_packages=True, with_pip=False)
    inside = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    told = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(inside, "-c", told).strip())
    # --system-site-packages means those of the base Python: where ours is itself a virtual
    # environment, its packages are named here.
    (packages / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    install = ["-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    run(inside, *install, "--disable-pip-version-check", str(PACKAGE))
    return inside


def run(python: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(python), *arguments], capture_output=True, text=True, timeout=300, cwd=python.parent,
        env={**environment, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_plugin_is_listed_holds_to_the_contract_and_is_measured(
    python: Path, tmp_path: Path
) -> None:
    assert "  mean_value " in run(python, "-m", "vosbench", "list")
    told = run(python, "-m", "vosbench", "check", "mean_value")
    assert "broken" not in told
    assert told.count("holds ") > 5
    data = "synthetic:length=3,size=48x64,scenario=drift"
    told = run(
        python, "-m", "vosbench", "bench", "--methods", "mean_value", "--weights", "gc", "--data",
        data, "--harness", "accuracy", "--size", "48", "--store", str(tmp_path / "store"), "--out",
        str(tmp_path / "out"),
    )  # fmt: skip
    assert "1 cells measured" in told
    assert '"weights":"gc:' in (tmp_path / "store" / "records.jsonl").read_text()


def test_the_plugin_leaves_our_own_environment_alone() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import vosbench_example_plugin"], capture_output=True, cwd=ROOT
    )
    assert found.returncode != 0
