"""A package of memory modules that go wrong, made on disk and found by its entry point.

Workers are fresh processes: what a test registers in its own process is not there, what lies on
`sys.path` is.
"""

import json
import sys
from pathlib import Path

import pytest

from vosbench import plugins, registry

HEAD = """
import os, sys, time
import torch
from vosbench.memory import Cost, Frame, Growth, Memory
from vosbench.registry import register


def note(name):
    with open(os.environ["PIDS"], "a") as file:
        print(os.getpid(), name, file=file)


class Base(Memory):
    growth = Growth.CONSTANT
    paper = "none"

    def write(self, state, frame):
        return frame

    def read(self, state, query):
        return state.value, state

    def cost(self, t, pixels, objects):
        return Cost(0, 0, 0, 0)
"""

FAULT = """

@register("{name}")
class {name}(Base):
    def {head}:
        {body}
"""

BODIES = {
    "raises": "raise RuntimeError('this memory\\nforgot everything')",
    "nan": "return state.value * float('nan'), state",
    "narrow": "return state.value[:, :-1], state",
    "exits": "os._exit(7)",
    "leaves": "sys.exit(0)",
    "hangs": "time.sleep(1e6)",
    "spins": "\n        while True: pass",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "hoards": "hoard = []\n        while True: hoard.append(bytearray(1 << 24))",
    "inflates": "return torch.zeros(1 << 40), state",
    "killed": "os.kill(os.getpid(), 9)",
    "good": "note('good'); return state.value, state",
    "sound": "note('sound'); return state.value, state",
    "stuck": "note('stuck'); time.sleep(1e6)",
}


def module(name: str, body: str, head: str = "read(self, state, query)") -> str:
    return HEAD + FAULT.format(name=name, head=head, body=body)


def install(folder: Path, patch: pytest.MonkeyPatch, modules: dict[str, str]) -> Path:
    """Makes the package `faults` with these modules and has the registry find them anew."""
    package = folder / "faults"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for name, text in modules.items():
        (package / f"{name}.py").write_text(text)
    info = folder / "faults-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faults\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[vosbench.methods]\nfaults = faults\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "faults"]:
        del sys.modules[name]
    patch.syspath_prepend(str(folder))
    patch.setattr(registry, "_modules", registry.methods())
    patch.setattr(registry, "_failures", registry.failures())
    patch.setattr(registry, "_scanned", False)
    files = {f"faults.{name}": package / f"{name}.py" for name in modules}
    tried = {
        name: [str(file), plugins._digest(str(file)), ""]
        for name, file in {"faults": package / "__init__.py", **files}.items()
    }
    patch.setenv(plugins.KNOWN, json.dumps(tried))  # they go wrong later than at import
    registry.methods()
    return package
