"""Lets Lightning tell the watch of its epochs; works with `lightning` and with `pytorch_lightning`."""

import time

import protocol


def watching(callback_class: type, watch: protocol.Watch) -> object:
    """A callback of the program's own Lightning that times the learning of each epoch and stops the trainer."""

    class Watching(callback_class):  # type: ignore[misc]
        begin = 0.0

        def on_train_epoch_start(self, trainer, module) -> None:
            self.begin = time.perf_counter()

        def on_train_epoch_end(self, trainer, module) -> None:
            seconds = time.perf_counter() - self.begin
            module.eval()
            trainer.should_stop = watch.after_epoch(seconds)
            module.train()

    return Watching()
