"""A bench that is killed again and again: run by `test_kill.py` in a process of its own.

It imports everything once and forks for each attempt, so that a kill hits the run and not its
imports. Prints one JSON object.
"""

import ctypes
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from vosbench import registry
from vosbench.harness.run import bench
from vosbench.harness.settings import Settings

DATA = "synthetic:length=3,size=48x64,count=2,scenario=drift+deform"
METHODS = ("gc", "stm")
PR_SET_CHILD_SUBREAPER = 36


class Silent:
    def begin(self, title: str, steps: int) -> None: ...

    def tick(self) -> None: ...


def settings(store: Path) -> Settings:
    return Settings(
        methods=METHODS, data=(DATA,), harnesses=("accuracy",), weights="none", short_side=48,
        store=store, workers=2,
    )  # fmt: skip


def attempt(store: Path) -> int:
    """Starts the run in a child."""
    pid = os.fork()
    if pid == 0:
        status = 3
        try:
            status = len(bench(settings(store), Silent()).failed)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return pid


def status(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def children() -> list[int]:
    """Living processes whose parent we are: orphans of a killed run come to us."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(") ")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.append(int(folder.name))
    return found


def orphans(patience: float = 10.0) -> list[int]:
    """Processes that are still there some seconds after the run was killed."""
    end = time.monotonic() + patience
    while children() and time.monotonic() < end:
        time.sleep(0.02)
    return children()


def main(root: Path, kills: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    registry.methods()
    start = time.monotonic()
    assert status(attempt(root / "unbroken")) == 0
    whole = time.monotonic() - start
    dice = random.Random(kills)
    left: list[int] = []
    done = stores = 0
    while done < kills:
        store = root / f"killed-{stores}"
        stores += 1
        finished = False
        while not finished:
            pid = attempt(store)
            if done < kills:
                time.sleep(dice.uniform(0, whole))
            else:
                assert status(pid) == 0
                break
            try:
                finished = os.waitpid(pid, os.WNOHANG) != (0, 0)
            finally:
                if not finished:
                    os.kill(pid, signal.SIGKILL)
                    done += status(pid) == -signal.SIGKILL
            left += orphans()
    print(json.dumps({"kills": done, "stores": stores, "orphans": left}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
