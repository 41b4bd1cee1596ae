"""Where the semantic parts compute: on a GPU where there is one."""

import torch


def gpu_or_processor(memory: int = 0) -> torch.device:
    """A GPU where there is one that has `memory` bytes free, else the processor."""
    if torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > memory:
        return torch.device("cuda")
    return torch.device("cpu")
