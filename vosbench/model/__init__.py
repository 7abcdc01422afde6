"""The common encoder-decoder: all that is held fixed while memories are swapped."""
