"""Data sets: DAVIS, YouTube-VOS, MOSE, your own folder, and a synthetic set that is built in."""

from vosbench.data.catalogue import DATASETS, load
from vosbench.data.video import Dataset, Video

__all__ = ["DATASETS", "Dataset", "Video", "load"]
