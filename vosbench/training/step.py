"""One training step: the frames of each clip, in order, through the network."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from vosbench.model.network import Network
from vosbench.training.clips import Clip
from vosbench.training.losses import Loss


def clip_loss(
    network: Network, frames: Tensor, masks: Tensor, loss: Loss, *, half_decoder: bool = False
) -> Tensor:
    """Mean loss of all frames but the first of a batch of clips, each clip with one object.

    Frame 1 is written with its mask; frame 2 is inferred; its soft mask (no gradient through it) is
    written; frame 3 is inferred, and so on (GC paper, section 3.4, with three frames).

    Args:
        network: clips take the place of objects: every clip has its own memory state.
        frames: (clips, n, 3, S, S) in 0..1.
        masks: (clips, n, 1, S, S) of 0 and 1.
        loss: of logits against a mask.
        half_decoder: run the decoder in bfloat16 where that is fast; its dense convolutions gain
            from it on CPUs too, the encoders' depthwise ones lose.
    """
    state = network.write(None, frames[:, 0], masks[:, 0], 0, given=True)
    total = frames.new_zeros(())
    half = bfloat16(frames.device) if half_decoder else nullcontext()
    last = frames.shape[1] - 1
    for t in range(1, last + 1):
        query = network.encode(frames[:, t])
        readout, state = network.read(state, query)
        with half:
            logits = network.decode(readout, query)
        logits = logits.float()
        total = total + loss(logits, masks[:, t])
        if t < last:
            soft = logits.detach().sigmoid()
            state = network.write(state, frames[:, t], soft, t, given=False, query=query)
    return total / last


def bfloat16(device: torch.device) -> AbstractContextManager[object]:
    """Autocast to bfloat16, or nothing on a CPU without AVX-512: there it takes four times as long
    as float32 (6.3 s a step became 28 s on an AMD EPYC with AVX2).
    """
    if device.type == "cpu" and not torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


class ClipLoss(nn.Module):
    """`clip_loss` as a module: Fabric moves, casts and averages what passes through `forward`."""

    def __init__(self, network: Network, *, half_decoder: bool) -> None:
        super().__init__()
        self.network = network
        self.half_decoder = half_decoder

    def forward(self, clips: Clip, loss: Loss) -> Tensor:
        """The mean loss of this process's clips."""
        return clip_loss(
            self.network, clips.frames, clips.masks, loss, half_decoder=self.half_decoder
        )
