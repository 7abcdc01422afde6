"""How a network computes: precision, memory layout, compiled or not. None changes what it is."""

from __future__ import annotations

import functools
import warnings
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from vosbench.errors import UsageError, unknown
from vosbench.harness.settings import Settings

PRECISIONS = {
    "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16,
}  # fmt: skip


def describe(settings: Settings) -> str:
    """The arithmetic as a cell's `precision`; the plain one is the precision alone.

    >>> describe(Settings(methods=(), precision="bfloat16", channels_last=False, compile=True))
    'bfloat16, contiguous, compiled'
    """
    layout = "" if settings.channels_last else "contiguous"
    return ", ".join(filter(None, (settings.precision, layout, settings.compile * "compiled")))


def plain(settings: Settings) -> Settings:
    """The same run in float32, channels last, not compiled."""
    return replace(settings, precision="float32", channels_last=True, compile=False)


def check(settings: Settings) -> None:
    """Refuses what cannot be computed here, before anything is run.

    Raises:
        UsageError: an unknown precision, or torch.compile does not work on this machine.
    """
    if settings.precision not in PRECISIONS:
        raise unknown("precision", settings.precision, PRECISIONS)
    if settings.compile:
        reason = _compile_failure(settings.device)
        if reason:
            raise UsageError(
                f"torch.compile does not work on {settings.device} here ({reason}): install what "
                "it names, such as a C++ compiler (g++ or clang++), or leave --compile out"
            )


def apply(network: nn.Module, settings: Settings) -> None:
    """Brings a network in inference mode to the device and arithmetic of a run.

    Everything but the memory is compiled: a memory's state changes its size from frame to frame.
    """
    if settings.channels_last:
        network.to(settings.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    else:
        network.to(settings.device)
        for part in network.children():
            part.register_forward_pre_hook(_contiguous)
    if settings.compile:
        for name, part in network.named_children():
            if name != "memory" and next(part.parameters(), None) is not None:
                part.compile()


def _contiguous(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Frames arrive channels last, and a convolution keeps the layout it is handed."""
    return tuple(x.contiguous() if isinstance(x, Tensor) else x for x in inputs)


@functools.cache
def _compile_failure(device: str) -> str:
    """Why torch.compile fails on a device, or nothing: the smallest thing is compiled to see."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what fails is raised; the rest is no user's concern
            torch.compile(lambda x: x * 2 + 1)(torch.ones(2, device=device))
    except Exception as error:  # of many kinds, by what is missing
        return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return ""
