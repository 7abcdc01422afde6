"""What the benchmarks share."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """One thread unless a benchmark asks for more: the steadiest."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request, one_thread):
    """Both."""
    torch.set_num_threads(request.param)
    return request.param


def pytest_benchmark_update_json(config, output_json):
    """Notes in a saved run how many tests failed, for `compare.py`: its times are no baseline."""
    output_json["failed"] = config.pluginmanager.get_plugin("session").testsfailed
