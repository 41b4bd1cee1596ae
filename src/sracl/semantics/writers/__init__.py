"""Who writes about items and users. A new writer is a file here and a line in `make_writer`."""

from sracl.config import WriterConfig
from sracl.semantics.writers.base import Writer
from sracl.semantics.writers.template import TemplateWriter


def make_writer(config: WriterConfig) -> Writer:
    """The writer that `config.kind` names."""
    match config.kind:
        case "template":
            return TemplateWriter()


__all__ = ["TemplateWriter", "Writer", "make_writer"]
