"""Section `training`: the loop."""

from typing import Literal

from pydantic import Field

from sracl.config.section import Section


class TrainingConfig(Section):
    """The loop. patience: epochs without a better validation MRR@10 before it stops."""

    epochs: int = Field(100, ge=1, description="at most")
    patience: int = Field(10, ge=1, description="epochs without a better validation MRR@10 before it stops")
    validation_targets: int | None = Field(
        None,
        ge=1,
        description="that the seed draws, ranked after each epoch; null: all. For millions of users",
    )
    learning_rate: float = Field(0.001, gt=0, description="of Adam")
    targets_per_step: int = Field(350, ge=1, description="about 256 prefixes a step in the paper's program")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="`auto`: cuda where there is one")
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "auto", description="`auto`: 32-true, on a GPU too, where half precision gains nothing at usual sizes"
    )
    processes: int = Field(
        1, ge=1, description="that share each step: GPUs on cuda, else processes on this machine, with `threads` each"
    )
    threads: int | None = Field(None, ge=1, description="processor threads; null: what PyTorch takes")
