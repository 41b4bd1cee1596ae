"""Sequential recommendation with semantic retrieval-augmented contrastive learning (SRA-CL)."""

from typing import TYPE_CHECKING, Any

from sracl.errors import InputError, SraclError

if TYPE_CHECKING:
    from sracl.fitting import fit
    from sracl.recommender import Recommender

__version__ = "0.1.0"
__all__ = ["InputError", "Recommender", "SraclError", "__version__", "fit"]


def __getattr__(name: str) -> Any:
    """Import `fit` and `Recommender` when they are first asked for: they bring PyTorch along, which takes seconds."""
    if name == "fit":
        from sracl.fitting import fit

        return fit
    if name == "Recommender":
        from sracl.recommender import Recommender

        return Recommender
    raise AttributeError(f"module 'sracl' has no attribute {name!r}")


def __dir__() -> list[str]:
    """What the package offers, loaded or not."""
    return [*globals(), *__all__]
