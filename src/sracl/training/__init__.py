"""The training: batches of rows, the loop, checkpoints, devices."""
