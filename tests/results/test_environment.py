import subprocess
import sys
from importlib import metadata

from vosbench.results import environment


def test_the_stamp_names_versions_machine_and_commit():
    stamp = environment.stamp()
    assert set(stamp) == set(environment.STAMP_FIELDS) - {"time"}
    assert stamp["numpy"] == metadata.version("numpy")
    assert stamp["torch"] == metadata.version("torch")
    assert stamp["python"] == sys.version.split()[0]
    assert stamp["device_name"] == stamp["cpu"]
    assert all(stamp.values())


def test_an_accelerator_is_named_as_the_device():
    assert environment.stamp("Tesla P40")["device_name"] == "Tesla P40"


def test_the_measured_code_is_named_where_it_is_known():
    assert environment.stamp()["source"] == "unknown"
    assert environment.stamp(source="0123456789ab")["source"] == "0123456789ab"


def test_a_missing_distribution_is_said_not_guessed(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert environment.stamp()["timm"] == "not installed"


def test_without_git_the_commit_is_unknown(monkeypatch):
    environment._commit.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert environment.stamp()["commit"] == "unknown"
    environment._commit.cache_clear()


def test_results_never_import_torch():
    code = "import sys, vosbench.results as r; r.Store('x').frame(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
