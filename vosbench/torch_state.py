"""What an import can set in torch for the whole process: noted before, put back after."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import torch
from torch.utils import _device

_FLAGS = (
    "mkldnn.enabled", "mkldnn.deterministic", "cudnn.enabled", "cudnn.benchmark",
    "cudnn.deterministic", "cuda.matmul.allow_fp16_reduced_precision_reduction",
    "cuda.matmul.allow_bf16_reduced_precision_reduction",
)  # fmt: skip
_FLOAT32 = (  # each narrower than those before it, which set it too
    "cuda.matmul.allow_tf32", "cudnn.allow_tf32", "fp32_precision", "cuda.matmul.fp32_precision",
    "cudnn.conv.fp32_precision", "cudnn.rnn.fp32_precision", "mkldnn.matmul.fp32_precision",
    "mkldnn.conv.fp32_precision", "mkldnn.rnn.fp32_precision",
)  # fmt: skip
_ATTENTION = ("flash", "mem_efficient", "math", "cudnn")


def now() -> dict[str, Any]:
    """Every setting by name; None where this torch has no such setting, or cannot say."""
    return {name: _asked(get) for name, (get, _) in _SETTINGS.items()}


def put_back(before: dict[str, Any]) -> list[str]:
    """Restores what is no longer as `now` said before; returns the names of what was not."""
    after = now()
    changed = [name for name in before if after[name] != before[name]]
    for name in changed:
        _SETTINGS[name][1](before[name])
    return changed


def _asked(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except (AttributeError, RuntimeError):  # torch refuses to name a mix of old and new settings
        return None


def _flag(path: str) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """How an attribute of `torch.backends` is read and set."""
    get = attrgetter(path)
    owner, _, name = path.rpartition(".")

    def put(value: Any) -> None:
        if value is not None:
            setattr(attrgetter(owner)(torch.backends) if owner else torch.backends, name, value)

    return lambda: get(torch.backends), put


def _float32() -> tuple[Any, ...]:
    return _asked(torch.get_float32_matmul_precision), *(
        _asked(_flag(path)[0]) for path in _FLOAT32
    )


def _set_float32(values: tuple[Any, ...]) -> None:
    if values[0] is not None:
        torch.set_float32_matmul_precision(values[0])
    for path, value in zip(_FLOAT32, values[1:], strict=True):
        get, put = _flag(path)
        if _asked(get) != value:
            put(value)


_SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "float32 precision": (_float32, _set_float32),
    "default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "default device": (lambda: _device.CURRENT_DEVICE, torch.set_default_device),
    "grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "anomaly detection": (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    "threads": (torch.get_num_threads, torch.set_num_threads),
    "deterministic algorithms": (
        torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode,
    ),
    **{f"backends.{path}": _flag(path) for path in _FLAGS},
    **{
        f"{kind} attention": (
            getattr(torch.backends.cuda, f"{kind}_sdp_enabled"),
            getattr(torch.backends.cuda, f"enable_{kind}_sdp"),
        )
        for kind in _ATTENTION
    },
}  # fmt: skip
