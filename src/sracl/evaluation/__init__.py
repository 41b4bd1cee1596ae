"""Full-ranking evaluation: ranks by counting, metrics of ranks, baselines without training."""
