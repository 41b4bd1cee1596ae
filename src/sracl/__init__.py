"""Sequential recommendation with semantic retrieval-augmented contrastive learning (SRA-CL)."""

__version__ = "0.1.0"
