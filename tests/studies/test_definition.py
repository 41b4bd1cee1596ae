"""Studies say which runs they are made of."""

import pytest

from sracl.config import RunConfig
from sracl.errors import InputError
from sracl.objectives import OBJECTIVES
from sracl.studies import STUDIES
from sracl.studies.definition import Study, Variant

CONFIG = RunConfig.model_validate({"dataset": {"name": "ml-100k"}, "backbone": {"dimension": 32, "dropout": 0.2}})


@pytest.mark.parametrize("name", STUDIES)
def test_every_studys_variants_can_be_configured_have_names_of_their_own_and_are_compared_by_them(name: str) -> None:
    study = STUDIES[name](CONFIG)
    labels = [variant.label for variant in study.variants]
    assert len(set(labels)) == len(labels)
    assert {label for pair in study.compared for label in pair} <= set(labels)
    assert study.name == name
    for variant in study.variants:
        assert variant.configured(CONFIG, 7).seed == 7


def test_the_ablation_takes_one_part_away_at_a_time() -> None:
    configured = {v.label: v.configured(CONFIG, 0).objectives for v in STUDIES["ablation"](CONFIG).variants}
    assert configured["SRA-CL"] == CONFIG.objectives
    assert configured["without cross-sequence"].cross_sequence.weight == 0
    assert configured["without cross-sequence"].intra_sequence == CONFIG.objectives.intra_sequence
    assert configured["without intra-sequence"].intra_sequence.weight == 0
    assert not configured["without both"].contrastive
    assert configured["mean instead of synthesis"].cross_sequence.synthesis == "mean"
    assert configured["random neighbours"].cross_sequence.neighbors == "random"
    assert configured["random substitution"].intra_sequence.substitutes == "random"
    learned = configured["learned neighbours"]
    assert (learned.learned, learned.semantic) == (True, False)


def test_backbones_keep_the_dimension_and_the_configured_one_its_settings() -> None:
    config = CONFIG.model_copy(update={"study": CONFIG.study.model_copy(update={"backbones": ("sasrec", "gru4rec")})})
    study = STUDIES["backbones"](config)
    assert [variant.label for variant in study.variants] == ["sasrec", "sasrec + SRA-CL", "gru4rec", "gru4rec + SRA-CL"]
    assert study.compared == (("sasrec + SRA-CL", "sasrec"), ("gru4rec + SRA-CL", "gru4rec"))
    plain, sasrec, _, gru4rec = (variant.configured(config, 0) for variant in study.variants)
    assert plain.backbone == sasrec.backbone == CONFIG.backbone
    assert (plain.objectives.contrastive, sasrec.objectives.contrastive) == (False, True)
    assert gru4rec.backbone.model_dump()["dimension"] == 32
    assert gru4rec.backbone.model_dump()["dropout"] == 0.5


def with_study(**values: object) -> RunConfig:
    return RunConfig.model_validate(CONFIG.model_dump() | {"study": values})


def test_sensitivity_varies_one_setting_at_a_time_over_the_given_grids() -> None:
    grids = {"semantics.neighbors": [5, 20], "objectives": {"cross_sequence": {"weight": [0.5]}}}
    config = with_study(grids=grids)
    study = STUDIES["sensitivity"](config)
    labels = ["semantics.neighbors = 5", "semantics.neighbors = 20", "objectives.cross_sequence.weight = 0.5"]
    assert [variant.label for variant in study.variants] == ["as configured", *labels]
    configured = [variant.configured(config, 0) for variant in study.variants]
    assert [c.semantics.neighbors for c in configured] == [10, 5, 20, 10]
    assert [c.objectives.cross_sequence.weight for c in configured] == [0.1, 0.1, 0.1, 0.5]
    assert study.compared == tuple((label, "as configured") for label in labels)


def test_sparsity_compares_the_backbone_with_and_without_in_groups() -> None:
    study = STUDIES["sparsity"](CONFIG)
    assert study.grouped
    assert study.compared == (("sasrec + SRA-CL", "sasrec"),)
    alone, whole = (variant.configured(CONFIG, 0).objectives for variant in study.variants)
    assert (alone.contrastive, whole) == (False, CONFIG.objectives)


def test_a_rival_is_its_losses_alone_with_their_usual_weights() -> None:
    study = STUDIES["rivals"](CONFIG)
    assert [study.variants[0].label, study.variants[-1].label] == ["sasrec", "SRA-CL"]
    configured = {variant.label: variant.configured(CONFIG, 0).objectives for variant in study.variants}
    assert not configured["sasrec"].contrastive
    assert configured["SRA-CL"] == CONFIG.objectives
    for label in list(configured)[1:-1]:
        on = configured[label].switched_on
        assert on
        assert {OBJECTIVES[name].title for name in on} == {label}
        assert all(section.weight == OBJECTIVES[name].usual_weight for name, section in on.items())
    assert study.compared == tuple(("SRA-CL", label) for label in list(configured)[:-1])
    with pytest.raises(InputError, match=r"study\.rivals: there is no rival 'X4Rec'"):
        STUDIES["rivals"](with_study(rivals=["X4Rec"]))


def test_some_variants_are_taken_with_the_comparisons_among_them() -> None:
    study = Study("one", (Variant("a"), Variant("b"), Variant("c")), (("a", "b"), ("a", "c")))
    some = study.only(["c", "a"])
    assert [variant.label for variant in some.variants] == ["a", "c"]
    assert some.compared == (("a", "c"),)
    with pytest.raises(InputError, match="no variant 'd'; it has: a, b, c"):
        study.only(["d"])


def test_baselines_stand_before_the_variants() -> None:
    study = Study("one", (Variant("a"),), ()).beside(["popularity"])
    assert study.variants == (Variant("popularity", baseline="popularity"), Variant("a"))
    with pytest.raises(InputError, match="no baseline 'randon'"):
        study.beside(["randon"])


def test_a_change_that_does_not_fit_names_the_variant() -> None:
    with pytest.raises(InputError, match=r"the variant `odd`: `objectives\.cross_sequence\.weight`"):
        Variant("odd", {"objectives.cross_sequence.weight": -1}).configured(CONFIG, 0)
