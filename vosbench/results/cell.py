"""A cell is one measurement with everything that names it; a row is one number inside it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from vosbench.errors import UsageError

UNTRAINED = "untrained"
CONTROL = "none"  # the method that keeps nothing; on the weights of others, their control
_OF_A_VIDEO = ("sequence", "objects", "size")  # fields that differ within one run of one method
_WEIGHTS = re.compile(r"([^\W\d][\w.+-]*:)?[0-9a-f]{12}")  # "stm:" where another method's


def canonical(parameters: Mapping[str, object]) -> str:
    """Parameters as one JSON text: sorted keys, no spaces, so that equal settings compare equal.

    >>> canonical({"top_k": 20, "every": 5})
    '{"every":5,"top_k":20}'
    """
    return json.dumps(dict(parameters), sort_keys=True, separators=(",", ":"), allow_nan=False)


class Row(NamedTuple):
    """One number of a cell."""

    object: int | None  # object id, None where the number is of the whole frame or sequence
    t: int | None  # frame index or frames in memory, None where the number is of the whole cell
    metric: str  # "J", "read_macs", ...
    value: float
    unit: str  # "1", "MAC", "byte", "s", "1/s", "pixel"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What was measured. All fields together are the identity: equal cells are one measurement.

    Empty text and 0 objects say "not applicable".
    """

    harness: str  # accuracy, flops, growth, speed; plugins for a module that failed to import
    method: str  # registered name of the memory module
    parameters: str = "{}"  # the module's keyword arguments, see `canonical`
    preset: str = ""  # encoder-decoder preset
    weights: str = UNTRAINED  # or 12 hex digits of the file's sha256; "stm:..." where another's
    dataset: str = ""
    sequence: str = ""
    size: str = ""  # frame size fed to the network, "480x854"
    objects: int = 0
    seed: int = 0
    device: str = "cpu"
    precision: str = "float32"
    protocol: str = ""  # how it was measured; numbers of two protocols never share a column
    tool: str = "vosbench"

    def __post_init__(self) -> None:
        if not self.harness or not self.method:
            raise UsageError("a cell needs a harness and a method: got an empty name")
        if self.seed >= 2**63:
            raise UsageError(f"seed is {self.seed}: expected a whole number below 2^63")
        if self.weights != UNTRAINED and not _WEIGHTS.fullmatch(self.weights):
            raise UsageError(
                f"weights is {self.weights!r}: expected 'untrained' or 12 hex digits of a "
                "sha256, after 'METHOD:' where they are another method's"
            )
        object.__setattr__(self, "parameters", _canonical_text(self.parameters))

    def identity(self) -> str:
        """All fields as one JSON text, the key of the store's index."""
        return canonical(asdict(self))

    @property
    def folder(self) -> str:
        """Where pictures of the cell lie: ``DATASET/METHOD-DIGEST/SEQUENCE``.

        The digest is of every field that tells one run of the method over the data set from
        another, so that two presets, sizes or weights never overwrite each other's pictures. Of
        the frame size, which differs from video to video, it takes the short side.

        >>> Cell(harness="accuracy", method="gc", dataset="davis2016", sequence="bear").folder
        'davis2016/gc-065e4234/bear'
        """
        fields = {k: v for k, v in asdict(self).items() if k not in _OF_A_VIDEO}
        text = canonical({**fields, "short_side": short_side(self.size)})
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        method = re.sub(r"[^\w.+-]", "_", self.method)
        return f"{self.dataset}/{method}-{digest}/{self.sequence}"


def short_side(size: str) -> int:
    """Of a frame size, or of several that share it; 0 where there is none.

    >>> short_side("192x341, 192x364"), short_side("")
    (192, 0)
    """
    return min(map(int, re.findall(r"\d+", size)), default=0)


def _canonical_text(parameters: str | Mapping[str, object]) -> str:
    """A mapping, or a JSON text written in any order, in canonical form."""
    if isinstance(parameters, Mapping):
        return canonical(parameters)
    try:
        parsed = json.loads(parameters)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise UsageError(f"parameters is {parameters!r}: expected a JSON object such as {{}}")
    return canonical(parsed)


def checked(row: Row) -> Row:
    """The row with plain Python numbers (NumPy's are converted); NaN passes, infinity does not."""
    value = float(row.value)
    if math.isinf(value):
        raise UsageError(f"metric {row.metric!r} is infinite: expected a finite number or NaN")
    whole = None if row.object is None else int(row.object)
    t = None if row.t is None else int(row.t)
    return Row(whole, t, str(row.metric), value, str(row.unit))
