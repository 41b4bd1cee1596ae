"""Looking at what embedding will take."""

from sracl.errors import InputError
from sracl.pipeline.describing import cost_rows, language_model_writer
from sracl.pipeline.run import Run
from sracl.semantics import index
from sracl.semantics.encoders import encoder_name
from sracl.semantics.encoders.plan import EmbeddingPlan, plan, plan_at_most
from sracl.semantics.stages import texts_to_embed


def show_plan(run: Run) -> None:
    """Print what embedding would take, without embedding, and without asking a language model for the texts.

    Raises InputError where the run embeds nothing.
    """
    if not run.reads_texts:
        raise InputError(f"{run.folder} trains the plain backbone: nothing is embedded")
    config = run.config.semantics.encoder
    found = _plan(run)
    most = "" if run.done("describe") else ", at most"
    rows = [
        (f"texts{most}", found.texts),
        ("embedded before", found.stored),
        ("to embed", found.to_embed),
        (f"their tokens{most}", found.tokens),
        *cost_rows(found.cost, found.price_as_of, found.seconds, "semantics.encoder.prices"),
    ]
    run.display.counts(f"embedding with {encoder_name(config)}, nothing embedded", rows)
    run.display.say(f"tokens counted by {found.counted_by}")
    if found.advice:
        run.display.say(found.advice)


def _plan(run: Run) -> EmbeddingPlan:
    config, folder = run.config.semantics.encoder, run.folder / "semantics"
    if run.config.semantics.writer.kind == "template":
        run.up_to("describe")
    if run.done("describe"):
        items, profiles = texts_to_embed(folder, run.dataset, run.pool)
        return plan(config, list(dict.fromkeys(items + profiles)), folder / index.VECTORS)
    writer = language_model_writer(run)
    return plan_at_most(config, writer.request_count(run.dataset, run.pool), writer.most_tokens(run.dataset, run.pool))
