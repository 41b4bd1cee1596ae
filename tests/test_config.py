"""The configuration: defaults, overrides, and mistakes named with the right key."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sracl.backbones import BACKBONES
from sracl.config import RunConfig, changed, make_config, read_config
from sracl.errors import InputError

ROOT = Path(__file__).parent.parent
DATA = {"dataset": {"name": "ml-100k"}}


def written(tmp_path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_a_data_set_is_all_that_must_be_given_and_the_defaults_are_the_papers() -> None:
    config = make_config(DATA)
    assert config.protocol == "strict"
    assert (config.backbone.dimension, config.backbone.layers, config.backbone.heads) == (64, 2, 2)
    assert (config.backbone.dropout, config.training.learning_rate, config.training.patience) == (0.5, 0.001, 10)
    assert (config.objectives.cross_sequence.weight, config.objectives.intra_sequence.weight) == (0.1, 0.1)
    assert (config.dataset.max_length, config.semantics.neighbors) == (20, 10)
    assert config.objectives.intra_sequence.substitution == 0.2


def test_a_resolved_configuration_reads_back_as_itself(tmp_path) -> None:
    config = make_config({**DATA, "seed": 3, "backbone": {"dimension": 32}})
    assert read_config(written(tmp_path, config.to_yaml())) == config


def test_a_configuration_goes_to_another_process_as_itself() -> None:
    config = make_config({**DATA, "backbone": {"name": "gru4rec"}, "objectives": {"intra_sequence": {"weight": 0}}})
    assert pickle.loads(pickle.dumps(config)) == config


def test_values_are_replaced_by_dotted_key_and_whole_sections_by_a_mapping() -> None:
    config = make_config(DATA)
    other = changed(config, {"seed": 4, "objectives.cross_sequence.weight": 0.3, "backbone": {"name": "gru4rec"}})
    assert (other.seed, other.objectives.cross_sequence.weight, other.backbone.name) == (4, 0.3, "gru4rec")
    assert other.objectives.intra_sequence == config.objectives.intra_sequence
    with pytest.raises(InputError, match="the variant: unknown key `trainig`; did you mean `training`"):
        changed(config, {"trainig.epochs": 3}, "the variant")


def test_a_configuration_of_before_there_were_other_backbones_reads_as_it_did(tmp_path) -> None:
    old = "{name: sasrec, dimension: 64, layers: 2, heads: 2, dropout: 0.5, positions: end}"
    path = written(tmp_path, f"dataset: {{name: ml-100k}}\nbackbone: {old}")
    assert read_config(path).backbone.model_dump() == yaml.safe_load(old)
    assert read_config(path).backbone == make_config(DATA).backbone


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_reads_back_with_its_defaults(tmp_path, name: str) -> None:
    config = make_config({**DATA, "backbone": {"name": name, "dimension": 32, "dropout": 0}})
    assert (config.backbone.name, config.backbone.dimension, config.backbone.dropout) == (name, 32, 0.0)
    assert read_config(written(tmp_path, config.to_yaml())) == config


def test_a_backbone_of_ones_own_is_neither_imported_nor_checked_by_reading(tmp_path) -> None:
    trap = tmp_path / "trap.py"
    trap.write_text("raise AssertionError")
    config = make_config({**DATA, "backbone": {"name": f"{trap}:Own", "depth": 3}})
    assert config.backbone.model_dump() == {"name": f"{trap}:Own", "depth": 3}
    assert read_config(written(tmp_path, config.to_yaml())) == config


def test_the_names_of_the_program_are_known_without_loading_pytorch() -> None:
    """`sracl --help` need not wait for it."""
    code = "import sys, sracl.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_overrides_replace_values_of_any_type(tmp_path) -> None:
    path = written(tmp_path, "dataset: {name: ml-100k}\ntraining: {epochs: 5}")
    overrides = ["training.epochs=7", "evaluation.cutoffs=[1, 2]", "dataset.columns.time=null"]
    config = read_config(path, [*overrides, "run_dir=elsewhere", "seed = 4"])
    assert config.training.epochs == 7
    assert config.evaluation.cutoffs == (1, 2)
    assert config.dataset.columns.time is None
    assert config.run_dir == Path("elsewhere")
    assert config.seed == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dataset: {name: ml-100k}\nbackbon: {}", r"unknown key `backbon`; did you mean `backbone`\?"),
        (
            "dataset: {name: ml-100k, colums: {}}",
            r"unknown key `dataset\.colums`; did you mean `columns`\?",
        ),
        (
            "dataset: {name: ml-100k}\nobjectives: {cross_sequence: {wieght: 1}}",
            r"unknown key `objectives\.cross_sequence\.wieght`; did you mean `weight`\?",
        ),
        ("dataset: {name: ml-100k}\nzzz: 1", "unknown key `zzz`; known keys: run_dir, protocol"),
        ("dataset: {name: ml-100k}\ntraining: {epochs: -1}", r"`training\.epochs`.*given: -1"),
        ("dataset: {name: ml-100k}\ntraining: {epochs: many}", r"`training\.epochs`.*given: 'many'"),
        (
            "dataset: {name: ml-100k}\ntransition_memory: {concentration: lots}",
            r"yaml: `transition_memory\.concentration`: [^`]*number[^`]*, or input should be 'auto' \(given: 'lots'\)",
        ),
        ("dataset: {name: ml-100k}\nbackbone: {heads: 3}", r"dimension 64 is no multiple of backbone\.heads 3"),
        (
            "dataset: {name: ml-100k}\nbackbone: {name: gru4rec, heads: 2}",
            r"config\.yaml: `backbone\.heads` is not a setting of gru4rec; its settings: dimension",
        ),
        (
            "dataset: {name: ml-100k}\nbackbone: {name: gru5rec}",
            r"config\.yaml: there is no backbone `gru5rec`; did you mean `gru4rec`\?, or your own as FILE\.py:CLASS",
        ),
        ("dataset: {name: ml-100k}\nbackbone: {name: 3}", r"`backbone\.name`"),
        ("dataset: {name: ml-100k}\nbackbone: sasrec", r"`backbone`"),
        ("dataset: {name: ml-100k}\nbackbone: {name: caser, window: 0}", r"`backbone\.window`.*given: 0"),
        ("dataset: {}", r"give either dataset\.name or dataset\.interactions"),
        ("dataset: {name: a, interactions: b}", r"give either dataset\.name or dataset\.interactions"),
        ("run_dir: a", r"`dataset`"),
        ("- 1", "must hold keys"),
        ("", "must hold keys"),
        ("a: [", "is not YAML"),
        ("dataset: !!python/object/apply:os.getcwd []", "is not YAML"),
        (
            "dataset: {name: ml-100k}\nbackbone: {name: gru4rec}\npretraining: {kind: s3rec}",
            r"pretraining\.kind s3rec .* reads both ways: sasrec, bert4rec, ligr; gru4rec does not",
        ),
        (
            "dataset: {name: ml-100k}\nsemantics: {encoder: {kind: sentence-transformers}}",
            r"give encoder\.model",
        ),
    ],
)
def test_mistakes_are_named_with_the_key_and_the_value(tmp_path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as raised:
        read_config(written(tmp_path, text))
    assert len(str(raised.value).splitlines()) <= 2


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("training.epochs", "write section.key=value"),
        ("=3", "write section.key=value"),
        ("seed.x=3", "seed is no section"),
        ("training.epochs=[", "not YAML"),
        ("training.epcohs=3", r"did you mean `epochs`\?"),
    ],
)
def test_bad_overrides_are_named(tmp_path, override: str, told: str) -> None:
    path = written(tmp_path, "dataset: {name: ml-100k}\nseed: 1")
    with pytest.raises(InputError, match=told):
        read_config(path, [override])


def test_a_missing_or_unreadable_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"there is no configuration .*nowhere\.yaml"):
        read_config(tmp_path / "nowhere.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path / "latin")


@pytest.mark.parametrize("section", ["writer", "encoder"])
def test_a_key_in_the_place_of_its_variables_name_is_refused_and_not_shown(tmp_path, section: str) -> None:
    path = written(tmp_path, "dataset: {name: ml-100k}")
    kind = [f"semantics.{section}.kind=openai", f"semantics.{section}.model=m"]
    with pytest.raises(
        InputError, match=rf"{section}\.api_key_env takes the name of an environment variable"
    ) as raised:
        read_config(path, [*kind, f"semantics.{section}.api_key_env=sk-very-secret-1"])
    assert "sk-very" not in str(raised.value)


def test_values_do_not_change_after_they_were_read() -> None:
    config = make_config(DATA)
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 2  # type: ignore[misc]


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_that_comes_along_is_valid(path: Path) -> None:
    assert isinstance(read_config(path), RunConfig)
    assert yaml.safe_load(path.read_text())["run_dir"].startswith("runs/")
