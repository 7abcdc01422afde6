"""Two real Ray nodes here: a run over them is a local one, and a killed worker loses nothing."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.test_kill import measured
from vosbench.harness.run.ray.connection import needed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds Ray's workers in /proc"),
]
DATA = "synthetic:length=12,size=48x64,count=3,scenario=drift+deform"
BENCH = (
    sys.executable, "-m", "vosbench", "bench", "--methods", "gc,stm", "--data", DATA,
    "--harness", "accuracy", "--weights", "none", "--size", "48",
)  # fmt: skip
PORTS = (  # of a node's helpers: two nodes on one machine must not draw the same
    "dashboard-agent-grpc-port", "dashboard-agent-listen-port", "metrics-export-port",
    "runtime-env-agent-port",
)  # fmt: skip
PATIENCE = 240.0  # seconds; a quiet machine needs 8 a node
PATIENT = {  # Ray's own limits are for quiet machines
    "RAY_raylet_start_wait_time_s": "200", "RAY_worker_register_timeout_seconds": "200",
    "RAY_agent_register_timeout_ms": "200000",
}  # fmt: skip


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def node(temp: Path, log: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A node with one CPU that lives as long as its process group; "ray stop" would stop others."""
    given = [f"--{name}={port}" for name, port in zip(PORTS, free_ports(4), strict=True)]
    command = [Path(sys.executable).with_name("ray"), "start", "--block", "--num-cpus=1",
               "--num-gpus=0", "--object-store-memory=100000000", "--disable-usage-stats",
               *arguments, *given]  # fmt: skip
    with (temp / log).open("wb") as file:
        return subprocess.Popen(
            command, stdout=file, stderr=file, start_new_session=True, env=os.environ | PATIENT
        )


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """What `--on` and RAY_ADDRESS are to be: by Ray itself, and by Ray Client."""
    needed()
    from ray.util import get_node_ip_address

    temp = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))  # sockets allow only short paths
    port, client = free_ports(2)
    here = get_node_ip_address()
    head = ("--head", f"--port={port}", f"--ray-client-server-port={client}",
            "--include-dashboard=false", f"--temp-dir={temp}/s")  # fmt: skip
    nodes = [node(temp, "head.log", *head)]
    try:
        wait_for(lambda: "runtime started" in (temp / "head.log").read_text())
        nodes.append(node(temp, "second.log", f"--address={here}:{port}"))
        wait_for(lambda: "runtime started" in (temp / "second.log").read_text())
        yield {"ray": f"{here}:{port}", f"ray://{here}:{client}": ""}
    finally:
        for process in nodes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The records of the same run by local workers."""
    folder = tmp_path_factory.mktemp("local")
    start(folder, {}).communicate(timeout=PATIENCE)
    return measured(folder / "store")


def start(folder: Path, environment: dict[str, str], *more: str) -> subprocess.Popen[bytes]:
    command = [*BENCH, "--store", str(folder / "store"), "--out", str(folder / "out"), *more]
    return subprocess.Popen(command, env=os.environ | environment)


def workers(task: str) -> list[int]:
    """Processes in which Ray runs a task whose name starts so."""
    found = []
    for title in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if title.read_bytes().startswith(b"ray::" + task.encode()):
                found.append(int(title.parent.name))
        except OSError:  # it has just ended
            continue
    return found


@pytest.mark.parametrize("by", [0, 1], ids=["ray", "ray-client"])
def test_a_run_over_two_nodes_has_the_records_of_a_local_one(
    tmp_path: Path, cluster: dict[str, str], local: dict[str, object], by: int
) -> None:
    on, address = list(cluster.items())[by]
    run = start(tmp_path, {"RAY_ADDRESS": address} if address else {}, "--on", on)
    assert run.wait(PATIENCE) == 0
    assert measured(tmp_path / "store") == local


def test_a_ray_worker_killed_in_the_middle_of_a_cell_loses_nothing(
    tmp_path: Path, cluster: dict[str, str], local: dict[str, object]
) -> None:
    records = tmp_path / "store/records.jsonl"
    run = start(tmp_path, {"RAY_ADDRESS": cluster["ray"]}, "--on", "ray")
    wait_for(lambda: records.exists() and records.stat().st_size and workers("stm accuracy"))
    killed = workers("stm accuracy")[0]
    os.kill(killed, signal.SIGKILL)
    assert run.wait(PATIENCE) == 0
    assert measured(tmp_path / "store") == local
