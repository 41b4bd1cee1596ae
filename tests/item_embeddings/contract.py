"""What every kind of item vectors must do, around every backbone. A test of a kind is a subclass with `kind`."""

import pytest
import torch

from sracl.backbones import BACKBONES, Backbone, Rows
from sracl.backbones.scorer import BackboneScorer
from sracl.config import BackboneConfig, ItemEmbeddingConfig
from sracl.evaluation.evaluate import evaluate
from sracl.item_embeddings import fold, folded_shell, with_item_vectors
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.training_objective import TrainingObjective, Weighted
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.training.assembly import make_backbone
from sracl.training.checkpoint import load_tensors, save_tensors
from sracl.training.loop import Silent, built_from_seed, train
from support.batches import generator, whole_batch
from support.small_training import settings
from support.texts import kinds_in_turn, texts_of_kinds

ITEMS, LENGTH, WIDTH, NEW = 30, 8, 8, 6
ROWS = Rows(torch.tensor([3, 1, 4, 2, 7, 1, 8, 2]), torch.tensor([3, 5]))


class CutIn(Silent):
    """Stops a training like a cut power line, in a step of some epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
        if epoch == self.epoch:
            raise KeyboardInterrupt


class ItemVectorsContract:
    """Scores follow the vectors, folding changes nothing, weights travel without texts, and all of it is trained."""

    kind = ItemEmbeddingConfig()
    knows_new_items = True
    """Whether items that nobody had in training have vectors that mean something."""

    def make(self, backbone: str = "sasrec", **more: object) -> Backbone:
        torch.manual_seed(1)
        fresh = make_backbone(BackboneConfig(name=backbone, dimension=WIDTH, **more), ITEMS, LENGTH)
        return with_item_vectors(fresh, self.kind, texts_of_kinds(ITEMS))

    @pytest.mark.parametrize("name", BACKBONES)
    def test_scores_are_products_with_the_table_and_folding_keeps_them(self, name: str) -> None:
        backbone = self.make(name).eval()
        states = backbone.states(ROWS)
        torch.testing.assert_close(backbone.last_states(ROWS), states[ROWS.last], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(backbone.states_at(ROWS, torch.tensor([6, 0])), states[[6, 0]], rtol=1e-4, atol=1e-5)
        assert states.shape == (8, backbone.dimension)
        assert backbone.item_table.shape == (ITEMS, backbone.dimension)
        scores = states @ backbone.item_table.T
        fold(backbone)
        torch.testing.assert_close(backbone.states(ROWS) @ backbone.item_table.T, scores, rtol=1e-4, atol=1e-5)
        assert isinstance(backbone.item_embedding, torch.nn.Embedding)

    def test_the_table_holds_the_vectors_that_items_are_read_by_and_zeros_for_the_one_that_pads(self) -> None:
        vectors = self.make().item_embedding
        items = torch.tensor([[4, 0], [ITEMS, 29]])
        torch.testing.assert_close(vectors(items), vectors.weight[items])
        assert not vectors.weight[ITEMS].any()
        assert not vectors(torch.tensor(ITEMS)).any()

    def test_vectors_begin_as_wide_as_the_backbones_own(self) -> None:
        torch.manual_seed(1)
        own = make_backbone(BackboneConfig(dimension=WIDTH), ITEMS, LENGTH).item_embedding.weight[:ITEMS]
        found = self.make().item_embedding.weight[:ITEMS]
        torch.testing.assert_close(found.std(), own.std(), rtol=0.05, atol=0)

    @pytest.mark.parametrize("name", BACKBONES)
    def test_folded_weights_load_into_a_shell_that_has_no_text(self, tmp_path, name: str) -> None:
        backbone = self.make(name).eval()
        expected = backbone.last_states(ROWS) @ backbone.item_table.T
        fold(backbone)
        save_tensors(tmp_path / "weights", backbone.state_dict(), {})
        torch.manual_seed(2)
        fresh = make_backbone(BackboneConfig(name=name, dimension=WIDTH), ITEMS, LENGTH)
        shell = folded_shell(fresh, self.kind).eval()
        shell.load_state_dict(load_tensors(tmp_path / "weights")[0])
        torch.testing.assert_close(shell.last_states(ROWS) @ shell.item_table.T, expected, rtol=1e-4, atol=1e-5)

    def test_every_weight_gets_the_gradient_of_small_steps_and_texts_are_none(self) -> None:
        backbone = self.make(dropout=0.0).double()
        for parameter in backbone.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        assert not any("texts" in name for name in backbone.state_dict())
        weights = torch.randn(8, ITEMS, dtype=torch.double)

        def value() -> torch.Tensor:
            return (backbone.states(ROWS) @ backbone.item_table.T * weights).sum()

        value().backward()
        step = 1e-6
        for name, parameter in backbone.named_parameters():
            direction = torch.randn_like(parameter)
            if parameter.shape[0] == ITEMS + 1:
                direction[ITEMS] = 0
            with torch.no_grad():
                parameter += step * direction
                above = value()
                parameter -= 2 * step * direction
                below = value()
                parameter += step * direction
            expected = (above - below) / (2 * step)
            torch.testing.assert_close((parameter.grad * direction).sum(), expected, rtol=1e-5, atol=1e-5, msg=name)

    def test_equal_seeds_give_equal_weights_and_contrast_goes_onto_it(self) -> None:
        split = kinds_in_turn(ITEMS, NEW)
        neighbours = nearest(texts_of_kinds(ITEMS), 3, Exclusion.itself(ITEMS))

        def build() -> TrainingObjective:
            return TrainingObjective(self.make(), {"intra_sequence": Weighted(IntraSequence(neighbours), 0.1)})

        one, other = built_from_seed(3, build), built_from_seed(3, build)
        batch = whole_batch(split.training, LENGTH)
        losses = [made(batch, made.draw(batch, generator())) for made in (one.eval(), other.eval())]
        assert torch.equal(losses[0].total, losses[1].total)
        assert set(losses[0].parts) == {"next_item", "intra_sequence"}

    @pytest.mark.slow
    def test_an_interrupted_training_goes_on_and_ends_as_it_would_have(self, tmp_path) -> None:
        split = kinds_in_turn(ITEMS, NEW)

        def objective() -> TrainingObjective:
            return TrainingObjective(self.make())

        whole = train(objective(), split, settings(epochs=3), 0)
        with pytest.raises(KeyboardInterrupt):
            train(objective(), split, settings(epochs=3), 0, tmp_path, CutIn(epoch=2))
        resumed = train(objective(), split, settings(epochs=3), 0, tmp_path)
        for name, tensor in whole.objective.backbone.state_dict().items():
            assert torch.equal(tensor, resumed.objective.backbone.state_dict()[name]), name

    @pytest.mark.slow
    def test_items_that_nobody_had_are_recommended_where_texts_make_their_vectors(self) -> None:
        """The planted pattern: kinds follow kinds, and only the text says of what kind a new item is."""
        split = kinds_in_turn(ITEMS, NEW)
        wished = settings(epochs=12, learning_rate=0.02)
        trained = train(TrainingObjective(self.make(dropout=0.1)), split, wished, 0)
        found = evaluate(BackboneScorer(trained.objective.backbone), split, "test", (10,))
        assert not split.known("test").any()
        # By chance a third of them are among the 10 first of 30; a table learns that nobody had them.
        if self.knows_new_items:
            assert found.kept["HR@10"] > 0.55
        else:
            assert found.kept["HR@10"] < 0.1
