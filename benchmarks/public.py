"""The arrangement of the public STM code, built from this package's own parts, to race against.

Per frame it joins all stored keys and values to one tensor each, works out the affinity with a
batched product, takes the softmax over T x H x W, and reads with a second product; its decoder
gets the frame's features expanded per object, so that it convolves them anew for each. Tensors are
channels first. Its padding of the bank to eleven objects is left out, which is in its favour; so
are its batch norms, which are folded here as everywhere in this package.
"""

import math

import torch

from vosbench.model.frames import decide, others


def read(keys, values, query):
    """Keys (objects, key_dim, t, h, w), values (objects, value_dim, t, h, w), query (1, ...)."""
    objects, key_dim = keys.shape[:2]
    asked = query.expand(objects, -1, -1, -1).reshape(objects, key_dim, -1)
    affinity = torch.bmm(keys.flatten(2).transpose(1, 2), asked)  # (objects, t h w, h w)
    affinity = affinity / math.sqrt(key_dim)
    affinity = torch.softmax(affinity, dim=1)
    return torch.bmm(values.flatten(2), affinity).unflatten(2, query.shape[2:])


def join(kept, last):
    """The bank of a frame: what was kept (objects, dim, t, h, w) and the last frame."""
    return torch.cat([kept, last[:, :, None]], dim=2)


class Public:
    """A video in its middle; keys and values (objects, dim, h, w) of each stored frame so far."""

    def __init__(self, network, keys, values, objects):
        self.network, self.objects = network, objects
        self.keys, self.values = (torch.stack(list(xs[:-1]), 2) for xs in (keys, values))
        self.previous = keys[-1].contiguous(), values[-1].contiguous()

    @torch.inference_mode()
    def step(self, frame):
        """Ids of a frame (H, W, 3) uint8; it is the previous one of the next."""
        image = torch.from_numpy(frame).permute(2, 0, 1)[None].float().contiguous() / 255
        shape = self.network.shape
        masks = shape.merge(self.logits(image).sigmoid())
        rest = others(masks) if shape.others else None
        item = self.network.memorise(image, masks, 1, given=False, others=rest)
        self.previous = item.key, item.value
        return decide(masks, self.objects)

    @torch.inference_mode()
    def logits(self, image):
        """Of each object, (objects, 1, H, W); image (1, 3, H, W) in 0..1."""
        query, n = self.network.encode(image), len(self.objects)
        bank = join(self.keys, self.previous[0]), join(self.values, self.previous[1])
        readout = read(*bank, query.key)
        f4, f8, value = (x.expand(n, -1, -1, -1) for x in (query.f4, query.f8, query.value))
        return self.network.decoder(readout, value, self.network.decoder.skips(f4, f8))
