"""The k-core: users and items with too few interactions are removed until none is left."""

import numpy as np
from numpy.typing import NDArray


def k_core(users: NDArray[np.integer], items: NDArray[np.integer], minimum: int) -> NDArray[np.bool_]:
    """Which interactions `[n]` stay when all users and items with fewer than `minimum` are removed, iterated.

    Every round costs one pass over what is left; the result is the largest such set and does not depend on the order.
    """
    kept = np.arange(len(users))
    while len(kept):
        enough_user = np.bincount(users[kept]) >= minimum
        enough_item = np.bincount(items[kept]) >= minimum
        stays = enough_user[users[kept]] & enough_item[items[kept]]
        if stays.all():
            break
        kept = kept[stays]
    mask = np.zeros(len(users), dtype=bool)
    mask[kept] = True
    return mask
