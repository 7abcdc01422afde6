"""The common encoder-decoder: everything around the memory, held fixed while memories are swapped."""
