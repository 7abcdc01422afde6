"""Memory modules, one file each. A file dropped in here is found with no other step."""

BUILT_IN = (  # ours: imported at once; what else lies here is first tried out in a child process
    "afb_urr", "delta", "efficient_attention", "first", "first_previous", "gc_ema",
    "global_context", "kmn", "livos", "lowrank", "none", "previous", "rde", "rmem", "space_time",
    "ssm", "stcn", "stm_topk", "swiftnet", "window", "xmem_lt",
)  # fmt: skip
