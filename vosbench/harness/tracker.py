"""Peak bytes of a computation: what it allocates beyond what lived before it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Peak(NamedTuple):
    """Bytes of one step."""

    whole: int  # most alive at once, what the step returns included
    temporary: int  # beyond what the step returns


def peak_bytes(step: Callable[[], Any], device: torch.device) -> Peak:
    """Peak bytes of a step: by the allocator's statistics on CUDA, else by `PeakBytes`.

    The CUDA allocator rounds each request up to 512 bytes and sees the scratch memory that
    operators take for themselves; `PeakBytes` does neither.
    """
    return _allocated(step, device) if device.type == "cuda" else _tracked(step)


def _tracked(step: Callable[[], Any]) -> Peak:
    with PeakBytes() as seen:
        result = step()
        found = Peak(seen.peak, seen.peak - seen.live)
    del result
    return found


def _allocated(step: Callable[[], Any], device: torch.device) -> Peak:
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    result = step()
    torch.cuda.synchronize(device)
    peak, after = torch.cuda.max_memory_allocated(device), torch.cuda.memory_allocated(device)
    del result
    return Peak(peak - before, peak - after)


class PeakBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of every storage that is made inside the block, while it is alive.

    A storage counts from the operator that returns it until it is freed; views and in-place results
    cost nothing, an `out=` that has to grow costs what it grows by. Operators that are made of
    others are taken apart, so that what lives between those counts as well. Scratch memory inside
    one kernel is invisible: allocator statistics would see it, but only on CUDA.

    >>> x = torch.ones(100)
    >>> with PeakBytes() as seen:
    ...     y = (x + 1) * 2
    >>> seen.peak, seen.live
    (800, 400)
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = 0  # bytes alive now
        self.peak = 0  # largest value of `live` so far
        self._known: dict[int, int] = {}  # storage -> bytes that are counted for it

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        with self:
            split = func.decompose(*args, **kwargs)
        if split is not NotImplemented:
            return split
        before = {s._cdata: s.nbytes() for s in _storages((args, kwargs))}
        out = func(*args, **kwargs)
        for storage in _storages((out, args, kwargs)):
            name = storage._cdata
            self._look(storage, before.get(name, self._known.get(name, 0)))
        self.peak = max(self.peak, self.live)
        return out

    def _look(self, storage: torch.UntypedStorage, before: int) -> None:
        """Counts what a storage holds more than it did before the operator."""
        more, name = storage.nbytes() - before, storage._cdata
        if not more:
            return
        if name not in self._known:
            weakref.finalize(storage, self._freed, name)
        self._known[name] = self._known.get(name, 0) + more
        self.live += more

    def _freed(self, name: int) -> None:
        self.live -= self._known.pop(name)


def _storages(tree: Any) -> list[torch.UntypedStorage]:
    """Distinct storages of every tensor in a tree."""
    found = [x.untyped_storage() for x in tree_leaves(tree) if isinstance(x, torch.Tensor)]
    return list({s._cdata: s for s in found}.values())
