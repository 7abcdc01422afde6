"""What there is: methods, data sets, presets, harnesses and protocols, as text."""

from __future__ import annotations

from vosbench import registry
from vosbench.data import DATASETS
from vosbench.harness.settings import HARNESSES
from vosbench.metrics import PROTOCOLS
from vosbench.model import weights
from vosbench.model.network import PRESETS


def listing() -> str:
    """One section each; a plugin that failed to import stands beside those that did not."""
    methods = {
        name: f"{cls.growth} state, {_trained(name)}; {cls.paper}"
        for name, cls in registry.methods().items()
    }
    sections = {
        "methods": methods,
        "plugins that failed": registry.failures(),
        "data sets": DATASETS,
        "presets": {
            k: f"{p.backbone}, key {p.key_dim}, value {p.value_dim}" for k, p in PRESETS.items()
        },
        "harnesses": dict.fromkeys(HARNESSES, ""),
        "protocols": {name: p.summary for name, p in PROTOCOLS.items()},
    }
    return "\n".join(
        f"{title}\n" + "".join(f"  {name:<16} {text}\n" for name, text in entries.items())
        for title, entries in sections.items()
        if entries
    )


def _trained(method: str) -> str:
    have = [p for p in PRESETS if weights.shipped(method, p)]
    return f"trained weights for {', '.join(have)}" if have else "no trained weights"
