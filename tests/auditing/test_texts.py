"""Texts of a language model are traced to the prompts that they answer."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from sracl.auditing import audit
from sracl.auditing.evidence import Evidence
from sracl.config import read_config
from sracl.datasets.prefixes import PrefixPool
from sracl.semantics import index
from sracl.semantics.index import write_table
from sracl.semantics.language_models.request import Answer
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.writers import make_writer
from support.audited import copied, found, run_of, tells_its_prompt, verdicts
from support.chat_server import chat_server
from support.small_run import write_config, write_data

POLICIES = ("every-prefix", "every-n", "last")


@pytest.fixture(scope="module", params=POLICIES)
def described(request, tmp_path_factory) -> Path:
    """A run whose texts are a language model's, up to its neighbours."""
    folder = tmp_path_factory.mktemp("described")
    write_data(folder, spread=30)
    with chat_server(tells_its_prompt) as server:
        writer = {"kind": "openai", "model": "big", "base_url": server.base_url, "api_key_env": None}
        semantics = {
            "neighbors": 3,
            "writer": writer | {"store": str(folder / "answers.sqlite")},
            "profiles": request.param,
            "profiles_every": 3,
        }
        run_of(read_config(write_config(folder, semantics=semantics))).up_to("describe")
    return folder / "run"


@pytest.fixture
def run_dir(described, tmp_path) -> Path:
    return copied(described, tmp_path)


def put_answer(evidence: Evidence, request, text: str) -> None:
    with AnswerStore(evidence.config.semantics.writer.store) as store:
        store.put(request, Answer(text, "stop", 1, 1))


def test_texts_of_training_are_proven(run_dir) -> None:
    assert not audit(run_dir).leaks
    for way in ("item descriptions", "profiles"):
        finding = found(run_dir, way)
        assert finding.verdict == "clean"
        assert finding.counts["read_training"] == finding.counts["texts"] > 0


@pytest.mark.parametrize(("ahead", "counted"), [(1, "read_validation"), (2, "read_test")])
def test_a_profile_that_read_a_held_out_item_is_found(run_dir, ahead: int, counted: str) -> None:
    evidence = Evidence.of(run_dir)
    row = int(np.flatnonzero(evidence.positions == evidence.split.training_lengths[evidence.users])[0])
    number = evidence.whole.number(evidence.users[[row]], evidence.positions[[row]] + ahead)
    writer = make_writer(evidence.config.semantics)
    put_answer(
        evidence, next(writer.profile_requests(evidence.dataset, evidence.whole, number)), f"Knows {ahead} more."
    )
    table = evidence.profiles
    texts = table["text"].to_list()
    texts[row] = f"Knows {ahead} more."
    write_table(run_dir / "semantics" / index.PROFILES, table.with_columns(text=pl.Series(texts)))
    finding = found(run_dir, "profiles")
    assert (finding.verdict, finding.counts[counted]) == ("leak", 1)
    assert verdicts(audit(run_dir))["item descriptions"] == "clean"


@pytest.mark.parametrize(("pool", "counted"), [("validation", "read_validation"), ("whole", "read_test")])
def test_a_description_whose_example_histories_are_held_out_is_found(run_dir, pool: str, counted: str) -> None:
    evidence = Evidence.of(run_dir)
    writer = make_writer(evidence.config.semantics)
    length = evidence.config.dataset.max_length
    pools = {
        "training": PrefixPool(evidence.split.training, length),
        "validation": PrefixPool(evidence.split.through_validation(), length),
        "whole": evidence.whole,
    }
    asked = {name: list(writer.item_requests(evidence.dataset, one)) for name, one in pools.items()}
    earlier = ("training",) if pool == "validation" else ("training", "validation")
    item = next(
        number
        for number in range(evidence.dataset.item_count)
        if all(asked[pool][number].key != asked[name][number].key for name in earlier)
    )
    told = f'{{"item summary": "Told by the {pool}.", "potential user analysis": "Knows more."}}'
    put_answer(evidence, asked[pool][item], told)
    texts = evidence.items["text"].to_list()
    with AnswerStore(evidence.config.semantics.writer.store) as store:
        texts[item] = writer.read_item(store.get(asked[pool][item].key))
    write_table(run_dir / "semantics" / index.ITEMS, evidence.items.with_columns(text=pl.Series(texts)))
    finding = found(run_dir, "item descriptions")
    assert (finding.verdict, finding.counts[counted]) == ("leak", 1)


def test_without_the_store_nothing_is_proven_and_none_is_made(run_dir, tmp_path) -> None:
    path = run_dir / "config.yaml"
    values = yaml.safe_load(path.read_text())
    values["semantics"]["writer"]["store"] = str(tmp_path / "elsewhere.sqlite")
    path.write_text(yaml.safe_dump(values))
    finding = found(run_dir, "profiles")
    assert finding.verdict == "not proven"
    assert "store of answers" in finding.told
    assert not (tmp_path / "elsewhere.sqlite").exists()


def test_a_text_from_nowhere_is_not_proven(run_dir) -> None:
    evidence = Evidence.of(run_dir)
    texts = evidence.profiles["text"].to_list()
    texts[0] = "Nobody was asked for this."
    write_table(run_dir / "semantics" / index.PROFILES, evidence.profiles.with_columns(text=pl.Series(texts)))
    finding = found(run_dir, "profiles")
    assert (finding.verdict, finding.counts["unknown"]) == ("not proven", 1)
