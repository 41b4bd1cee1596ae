"""The model card: what the model is, what it was made of, and how well it did."""

from collections.abc import Mapping
from typing import Any

import yaml

from sracl.recommender import Recommender

CUTOFFS = (5, 10, 20)


def model_card(
    recommender: Recommender,
    name: str,
    metrics: Mapping[str, Any] | None,
    config: Mapping[str, Any] | None,
    manifest: Mapping[str, Any] | None,
) -> str:
    """The card as Markdown with a YAML head, as model hubs read it.

    metrics, config, manifest: the run's `metrics.json`, `config.yaml` and `semantics/manifest.json`; None where there
    is none.
    """
    head = yaml.safe_dump(_head(recommender, name, metrics), sort_keys=False, allow_unicode=True)
    parts = [
        f"---\n{head}---\n",
        f"# {name}\n",
        _what(recommender),
        _use(name),
        _data(recommender, config),
        _texts(manifest),
        _results(metrics),
        _limits(manifest),
    ]
    return "\n".join(part for part in parts if part)


def _head(recommender: Recommender, name: str, metrics: Mapping[str, Any] | None) -> dict[str, Any]:
    head: dict[str, Any] = {
        "library_name": "sracl",
        "tags": ["recommendation", "sequential-recommendation", recommender.settings.name],
    }
    if metrics:
        found = [{"type": key, "value": round(float(value), 6)} for key, value in metrics["test"].items()]
        task = {"type": "sequential-recommendation", "name": "Next-item recommendation"}
        dataset = {"type": "interactions", "name": recommender.dataset.domain or "interactions"}
        head["model-index"] = [{"name": name, "results": [{"task": task, "dataset": dataset, "metrics": found}]}]
    return head


def _what(recommender: Recommender) -> str:
    settings = recommender.settings.model_dump(exclude_none=True)
    listed = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "name")
    return (
        f"A sequential recommender: given a history of items it scores every item as the next one. Backbone "
        f"`{settings['name']}` ({listed}); the most recent {recommender.backbone.max_length} items are read. "
        f"{_memory(recommender)}It answers alone: no text, no language model and no retrieval are needed.\n"
    )


def _memory(recommender: Recommender) -> str:
    memory = recommender.memory
    if memory is None:
        return ""
    return (
        f"Its scores are mixed with {memory.total:,} transitions between items that training saw (concentration "
        f"{memory.concentration:g}). "
    )


def _use(name: str) -> str:
    return (
        "## Use\n\n```python\nfrom sracl import Recommender\n\n"
        f'recommender = Recommender.load("{name}")\n'
        "recommender.recommend_histories([[an_item_id, another_item_id]], k=10)\n```\n"
    )


def _data(recommender: Recommender, config: Mapping[str, Any] | None) -> str:
    dataset = recommender.dataset
    lines = ["## Data\n", f"{dataset.item_count:,} items" + (f" ({dataset.domain})" if dataset.domain else "") + "."]
    if config:
        given = config["dataset"]
        lines.append(f"At least {given['min_interactions']} interactions a user and an item; seed {config['seed']}.")
    users = (
        f"{dataset.user_count:,} users' histories are in this folder."
        if dataset.user_count
        else ("No user's history is in this folder.")
    )
    lines.append(users)
    return "\n".join(lines) + "\n"


def _texts(manifest: Mapping[str, Any] | None) -> str:
    if not manifest:
        return ""
    return (
        "## Texts\n\n"
        f"Training used texts by `{manifest.get('writer')}`, embedded by `{manifest.get('encoder')}`, and "
        f"{manifest.get('neighbors')} neighbours of each item and prefix.\n"
    )


def _results(metrics: Mapping[str, Any] | None) -> str:
    if not metrics:
        return ""
    columns = [f"{name}@{k}" for name in ("HR", "NDCG", "MRR") for k in CUTOFFS if f"{name}@{k}" in metrics["test"]]
    rows = [("test, seen items kept", metrics["test"]), ("test, seen items removed", metrics.get("test_unseen"))]
    rows += [(f"{name}, seen items kept", found["test"]) for name, found in metrics.get("baselines", {}).items()]
    table = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    table += [
        f"| {label} | {' | '.join(f'{float(row[column]):.4f}' if column in row else '' for column in columns)} |"
        for label, row in rows
        if row
    ]
    facts = f"Protocol `{metrics['protocol']}`, split `{metrics.get('split', 'leave-one-out')}`, all items ranked."
    return f"## Results\n\n{facts}\n\n" + "\n".join(table) + "\n"


def _limits(manifest: Mapping[str, Any] | None) -> str:
    written = manifest.get("writer") if manifest else None
    texts = (
        f" The texts were written by `{written}`, whose terms may bear on what is made with them."
        if written and written != "template"
        else ""
    )
    return (
        "## Limits and licence\n\nItems that were not in training cannot be recommended. Popular items are recommended "
        "more than their share. The licence of the interactions and of the items' texts bears on this model: state it "
        f"before you pass it on; this card cannot know it.{texts}\n"
    )
