"""What does the memory of a video object segmentation network buy, and what does it cost?"""

__version__ = "0.1.0"
