"""Networks as their authors published them: the parts that differ, and their checkpoints."""
