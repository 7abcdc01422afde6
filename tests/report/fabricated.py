"""FABRICATED records for tests of the report: shaped like the harness's, measured by nobody."""

from pathlib import Path

import numpy as np

from vosbench.results import Cell, Row, Store

STAMP = {
    "vosbench": "0.0.test", "commit": "fabricated", "python": "3", "torch": "2", "numpy": "2",
    "timm": "1", "platform": "Test", "machine": "Abacus, 2 beads", "cpu": "Abacus", "cores": "2",
    "device_name": "Abacus", "defaults": '{"policy_every":1}',
}  # fmt: skip
DIGEST = "0123456789ab"
TIMES = (1, 2, 5, 10, 20, 50, 100)
CLOCK = "one fabricated clock, t = 1..20"


def fabricate(
    folder: Path, methods=("gc", "stm"), *, sequences=4, frames=12, dataset="davis2016",
    protocol="davis2016", weights=DIGEST, preset="mini", size="480x854", stamp=None,
    parameters="{}", harnesses=("accuracy", "flops", "growth", "speed", "table1"), objects=1,
    **fields,
) -> Store:  # fmt: skip
    """Append invented cells: method i is worse than method i - 1 by about 0.05 in J and F."""
    store = Store(folder, stamp=stamp or STAMP)
    for i, method in enumerate(methods):
        common = {
            "method": method, "parameters": parameters, "preset": preset, "weights": weights,
            "dataset": dataset, "size": size,
        } | fields  # fmt: skip
        if "accuracy" in harnesses:
            for s in range(sequences):
                cell = Cell(harness="accuracy", sequence=f"seq{s:02}", objects=objects,
                            protocol=protocol, **common)  # fmt: skip
                store.append(cell, accuracy_rows(i, s, frames, objects))
        costs = dict(common.items()) | {"objects": 1}
        if "flops" in harnesses:
            for counter in ("analytic", "fvcore", "torch"):
                store.append(Cell(harness="flops", protocol=counter, **costs), macs(i, counter))
        if "growth" in harnesses:
            for how in ("measured", "analytic"):
                store.append(Cell(harness="growth", protocol=how, **costs), growth(i))
        if "speed" in harnesses:
            cell = Cell(harness="speed", protocol=CLOCK, sequence="seq00", **costs)
            store.append(cell, speed(i))
        if "table1" in harnesses and method in ("gc", "stm"):
            store.append(Cell(harness="table1", method=method, dataset="table1", size="384x384",
                              objects=1, protocol="invented"), table1(method))  # fmt: skip
    return store


def accuracy_rows(i, s, frames, objects):
    """A curve that sinks, with seeded noise."""
    noise = np.random.default_rng([i, s])
    rows = []
    for o in range(1, objects + 1):
        base = 0.88 - 0.05 * i - 0.02 * (s % 9) - 0.03 * (o - 1)
        for t in range(1, frames - 1):
            J, F = np.clip(base - 0.1 * t / frames + noise.normal(0, 0.02, 2), 0, 1)
            rows += [Row(o, t, "J", J, "1"), Row(o, t, "F", F, "1")]
    return rows + [Row(None, t, "swap_pixels", 0, "pixel") for t in range(1, frames - 1)]


def grows(i, t):
    """Methods with an odd number grow with t."""
    return t // 5 + 2 if i % 2 else 1


def macs(i, counter):
    rows = [Row(None, None, "parameters", 8.4e6 + i * 1e5, "1")]
    if counter != "analytic":
        host = (("encode", 3e9), ("memory_encode", 3.1e9), ("decode", 2e9))
        rows += [Row(None, None, f"{stage}_macs", x, "MAC") for stage, x in host]
    for t in TIMES:
        rows += [Row(None, t, "read_macs", 1e7 * (i + 1) * grows(i, t), "MAC"),
                 Row(None, t, "write_macs", 1e7, "MAC")]  # fmt: skip
    return rows


def growth(i):
    return [
        Row(None, t, metric, size * (i + 1) * grows(i, t), "byte")
        for t in TIMES
        for metric, size in (
            ("state_bytes", 2**20),
            ("read_temporary_bytes", 3 * 2**20),
            ("write_temporary_bytes", 2**18),
        )
    ]


def speed(i):
    rows = []
    for t in range(1, 21):
        read = 0.004 * grows(i, t)
        for stage, seconds in (("frame", 0.05 + read), ("encode", 0.03), ("memory_encode", 0.01),
                               ("write", 0.002), ("read", read), ("decode", 0.01)):  # fmt: skip
            rows.append(Row(None, t, f"{stage}_seconds", seconds, "s"))
    rows += [Row(None, None, f"frame_seconds_p{p}", 0.06 + p / 1e4, "s") for p in (50, 90, 99)]
    return [*rows, Row(None, None, "fps", 18.0 / (i + 1), "1/s")]


def table1(method):
    """By the paper's own formula: 576 locations, 128 key and 512 value channels, 4 bytes."""
    rows = []
    for t in (1, 10, 100):
        linear = method == "stm"
        rows += [
            Row(None, t, "read_macs", 576 * 576 * 640 * t if linear else 576 * 128 * 512, "MAC"),
            Row(None, t, "write_macs", 0 if linear else 576 * 128 * 512, "MAC"),
            Row(None, t, "state_bytes", 4 * 576 * 640 * t if linear else 4 * 128 * 512, "byte"),
            Row(None, t, "read_temporary_bytes", 4 * 2 * 576 * 576 if linear else 0, "byte"),
        ]
        if linear:  # the public code holds the affinity of every frame
            naive = 4 * 2 * 576 * 576 * t
            rows.append(Row(None, t, "naive_read_temporary_bytes", naive, "byte"))
    return rows
