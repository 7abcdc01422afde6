"""The counts behind J and F: one kernel, from a mask to what each object shares with another's.

A mask becomes bit planes, one per object, 64 rows of one column to a word. Packed downwards, a step
to the right is the next word and a step down is a shift by one bit, so every loop runs over
neighbouring words and becomes vector code. All is cropped to what an object's boundary can reach.

All of it is one file on purpose: numba's cache looks for changes only in the file of the function
that is called, and would go on running old code of a function imported from another.

Shapes: mask (height, width) uint8 ids; plane (bands, width) uint64, bit k of word (b, x) being the
pixel in row 64 * b + k, column x.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vosbench.metrics.jit import kernel

Words = NDArray[np.uint64]
Mask = NDArray[np.uint8]

ONE = np.uint64(1)
TOP = np.uint64(63)

AREA, EDGE, DILATED = 0, 1, 2  # the three planes of an object

# columns of a table of counts, in pixels
INTERSECTION, TRUTH_AREA, PREDICTION_AREA = 0, 1, 2
TRUTH_BOUNDARY, PREDICTION_BOUNDARY = 3, 4
TRUTH_MATCHED, PREDICTION_MATCHED = 5, 6  # boundary pixels within the radius of the other's
COLUMNS = 7


class Planes(NamedTuple):
    """A mask, ready to be counted: per object its plane, its boundary and that boundary dilated."""

    ids: NDArray[np.int64]  # (objects,) ids present, ascending
    boxes: NDArray[np.int64]  # (objects, 4) first band, last band, left, right, half open
    starts: NDArray[np.int64]  # (objects + 1,) where an object's words begin
    words: Words  # (3, words) area, boundary, dilated boundary of each object's box
    pixels: NDArray[np.int64]  # (objects, 2) area, boundary pixels


@functools.cache
def radius(height: int, width: int) -> int:
    """Tolerance of the boundary measure in pixels: 0.008 of the diagonal, rounded up.

    >>> radius(480, 854), radius(240, 427), radius(1080, 1920)
    (8, 4, 18)
    """
    return math.ceil(0.008 * float(np.linalg.norm((height, width))))


@kernel
def planes(mask: Mask, reach: int) -> Planes:
    """Pack a mask (height, width): planes for each id above 0; `reach` = radius(height, width)."""
    height, width = mask.shape
    ids, rows = present(mask)
    frame = np.zeros((ids.size, (height + 63) // 64, width), np.uint64)
    boxes = np.zeros((ids.size, 4), np.int64)
    starts = np.zeros(ids.size + 1, np.int64)
    for i in range(ids.size):
        pack(mask, ids[i], rows[i], frame[i])
        boxes[i, 0] = max(rows[i, 0] - reach - 1, 0) // 64
        boxes[i, 1] = min(rows[i, 1] + reach, height - 1) // 64 + 1
        boxes[i, 2], boxes[i, 3] = columns(frame[i], boxes[i], reach + 1)
        starts[i + 1] = starts[i] + (boxes[i, 1] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 2])
    words = np.zeros((3, starts[-1]), np.uint64)
    pixels = np.zeros((ids.size, 2), np.int64)
    for i in range(ids.size):
        box, span = boxes[i], slice(starts[i], starts[i + 1])
        shape = box[1] - box[0], box[3] - box[2]
        crop = cut(frame[i], box)
        words[AREA, span].reshape(shape)[:] = crop[:-1, :-1]
        edge = words[EDGE, span].reshape(shape)
        boundary(crop, bottom_bit(box[1], height), edge)
        dilate(edge, reach, words[DILATED, span].reshape(shape))
        pixels[i, 0], pixels[i, 1] = total(words[AREA, span]), total(words[EDGE, span])
    return Planes(ids, boxes, starts, words, pixels)


@kernel
def columns(plane: Words, box: NDArray[np.int64], pad: int) -> tuple[int, int]:
    """Columns, half open, in which the box has bits, wider by `pad` inside the frame."""
    bits = np.zeros(plane.shape[1], np.uint64)
    for b in range(box[0], box[1]):
        band = plane[b]
        for x in range(bits.size):
            bits[x] |= band[x]
    filled = np.nonzero(bits)[0]
    return max(filled[0] - pad, 0), min(filled[-1] + 1 + pad, bits.size)


@kernel
def cut(plane: Words, box: NDArray[np.int64]) -> Words:
    """The words of a box, with one band and one column more, as `boundary` wants them."""
    top, bottom, left, right = box
    crop = np.zeros((bottom - top + 1, right - left + 1), np.uint64)
    crop[:-1, :-1] = plane[top:bottom, left:right]
    if right == plane.shape[1]:  # the frame's last column repeats itself
        crop[:, -1] = crop[:, -2]
    return crop


@kernel
def bottom_bit(stop: int, frame_height: int) -> np.uint64:
    """The bit of the frame's bottom row if the band before `stop` is the frame's last, else 0."""
    if stop < (frame_height + 63) // 64:
        return np.uint64(0)
    return np.uint64(1) << np.uint64((frame_height - 1) % 64)


@kernel
def total(words: Words) -> int:
    """Bits set."""
    bits = np.uint64(0)
    for i in range(words.size):
        bits += popcount(words[i])
    return int(bits)


@kernel
def shared(a: Planes, i: int, plane_a: int, b: Planes, j: int, plane_b: int) -> int:
    """Pixels in both a plane of object i of `a` and a plane of object j of `b`."""
    box_a, box_b = a.boxes[i], b.boxes[j]
    left, right = max(box_a[2], box_b[2]), min(box_a[3], box_b[3])
    width_a, width_b = box_a[3] - box_a[2], box_b[3] - box_b[2]
    total = np.uint64(0)
    for band in range(max(box_a[0], box_b[0]), min(box_a[1], box_b[1])):
        at_a = a.starts[i] + (band - box_a[0]) * width_a - box_a[2]
        at_b = b.starts[j] + (band - box_b[0]) * width_b - box_b[2]
        row_a = a.words[plane_a, at_a + left : at_a + max(left, right)]
        row_b = b.words[plane_b, at_b + left : at_b + max(left, right)]
        for x in range(right - left):
            total += popcount(row_a[x] & row_b[x])
    return int(total)


@kernel
def count(
    truth: Planes, prediction: Planes, ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Counts (objects, 7) of each id, and the pixels of one of them predicted as another."""
    table = np.zeros((ids.size, COLUMNS), np.int64)
    place = np.full(256, -1)
    for k in range(ids.size):
        place[ids[k]] = k
    swapped = 0
    for i in range(truth.ids.size):
        row = place[truth.ids[i]]
        if row < 0:
            continue
        table[row, TRUTH_AREA], table[row, TRUTH_BOUNDARY] = truth.pixels[i]
        for j in range(prediction.ids.size):
            if truth.ids[i] == prediction.ids[j]:
                table[row, INTERSECTION] = shared(truth, i, AREA, prediction, j, AREA)
                table[row, TRUTH_MATCHED] = shared(truth, i, EDGE, prediction, j, DILATED)
                table[row, PREDICTION_MATCHED] = shared(prediction, j, EDGE, truth, i, DILATED)
            elif place[prediction.ids[j]] >= 0:
                swapped += shared(truth, i, AREA, prediction, j, AREA)
    for j in range(prediction.ids.size):
        row = place[prediction.ids[j]]
        if row >= 0:
            table[row, PREDICTION_AREA], table[row, PREDICTION_BOUNDARY] = prediction.pixels[j]
    return table, swapped


@kernel
def popcount(word: np.uint64) -> np.uint64:
    """Bits set in a word; LLVM knows this idiom and emits its own instruction."""
    word = word - ((word >> ONE) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def present(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids above 0, ascending, and the rows (ids, 2) each lies in, half open.

    Masks are mostly runs: eight pixels that equal the eight before are one comparison.
    """
    flat = mask.reshape(-1)
    words = flat[: flat.size // 8 * 8].view(np.uint64)
    start, stop = np.full(256, -1), np.zeros(256, np.int64)  # in pixels
    last = np.uint64(0)
    for i in range(words.size):
        if words[i] != last:
            if last:
                note(flat, 8 * i - 8, 8 * i, start, stop)  # all its ids went on until here
            last = words[i]
            note(flat, 8 * i, 8 * i + 8, start, stop)
    if last:
        note(flat, 8 * words.size - 8, 8 * words.size, start, stop)
    note(flat, 8 * words.size, flat.size, start, stop)
    ids = 1 + np.nonzero(start[1:] >= 0)[0]
    rows = np.empty((ids.size, 2), np.int64)
    rows[:, 0] = start[ids] // mask.shape[1]
    rows[:, 1] = (stop[ids] - 1) // mask.shape[1] + 1
    return ids, rows


@kernel
def note(
    flat: Mask, begin: int, end: int, start: NDArray[np.int64], stop: NDArray[np.int64]
) -> None:
    """Keep where each id was met first, and the end of where last, in pixels begin..end."""
    for k in range(begin, end):
        if start[flat[k]] < 0:
            start[flat[k]] = k
        stop[flat[k]] = k + 1


@kernel
def pack(mask: Mask, value: int, rows: NDArray[np.int64], plane: Words) -> None:
    """Set the bits of `value` in rows (first, last) of `plane`, which is 0 and the whole frame's.

    Eight rows go into bytes first, 64 pixels to a vector, and eight rows of bytes into words.
    """
    wanted = np.uint8(value)
    octets = np.zeros(mask.shape[1], np.uint8)
    for first in range(rows[0] // 8 * 8, rows[1], 8):
        octets[:] = 0
        for y in range(first, min(first + 8, mask.shape[0])):
            row, bit = mask[y], np.uint8(1 << (y - first))
            for x in range(octets.size):
                octets[x] |= bit if row[x] == wanted else np.uint8(0)
        words, shift = plane[first // 64], np.uint64(first % 64)
        for x in range(octets.size):
            words[x] |= np.uint64(octets[x]) << shift


@kernel
def boundary(plane: Words, last: np.uint64, out: Words) -> None:
    """Pixels whose 2x2 block (their own, right, below, below right) is not uniform.

    `plane` has one band and one column more than `out`: those below and to the right, 0 inside the
    frame and a copy of the last column at its edge. `last` holds the bit of the frame's bottom row
    where the last band of `out` is the frame's: below it the row repeats itself.
    """
    bands, width = out.shape
    for b in range(bands):
        here, below, edge = plane[b], plane[b + 1], out[b]
        repeat = last if b == bands - 1 else np.uint64(0)
        for x in range(width):
            own, right = here[x], here[x + 1]
            down = (own >> ONE) | (below[x] << TOP) | (own & repeat)
            diagonal = (right >> ONE) | (below[x + 1] << TOP) | (right & repeat)
            edge[x] = (own ^ right) | (own ^ down) | (own ^ diagonal)


@kernel
def dilate(edge: Words, radius: int, out: Words) -> None:
    """Or into `out` the disk dx^2 + dy^2 <= radius^2 around every bit of `edge`.

    The disk is a stack of rows, and a row's half-width shrinks away from the middle: grow the
    plane sideways one pixel at a time and let each width out at the row offsets that have it.
    """
    bands, width = edge.shape
    margin = radius // 64 + 1
    source = np.zeros((bands, width + 2 * radius), np.uint64)
    source[:, radius : radius + width] = edge
    grown = np.zeros((bands + 2 * margin, width), np.uint64)
    for half in range(radius + 1):
        for b in range(bands):
            row, wide = source[b], grown[margin + b]
            for x in range(width):
                wide[x] |= row[radius + x - half] | row[radius + x + half]
        for dy in range(radius + 1):
            if half * half <= radius * radius - dy * dy < (half + 1) * (half + 1):
                spread(grown, margin, dy, out)


@kernel
def spread(grown: Words, margin: int, dy: int, out: Words) -> None:
    """Or `grown`, which has `margin` empty bands around it, into `out`, dy rows up and down."""
    bands, width = out.shape
    whole, shift = dy // 64, np.uint64(dy % 64)
    back = np.uint64(63 - dy % 64)  # by 1 and then by 63 - s is by 64 - s, and right where s is 0
    for b in range(bands):
        above, over = grown[margin + b - whole], grown[margin + b - whole - 1]
        below, under = grown[margin + b + whole], grown[margin + b + whole + 1]
        target = out[b]
        for x in range(width):
            down = (above[x] << shift) | ((over[x] >> ONE) >> back)
            up = (below[x] >> shift) | ((under[x] << ONE) << back)
            target[x] |= down | up
