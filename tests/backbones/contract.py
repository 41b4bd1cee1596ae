"""What every backbone must do. A test of a backbone is a subclass with `make`."""

import copy

import numpy as np
import pytest
import torch

from sracl.backbones import Backbone, Rows
from sracl.backbones.scorer import BackboneScorer
from sracl.datasets.sequences import Sequences
from sracl.evaluation.evaluate import evaluate
from sracl.objectives.training_objective import TrainingObjective
from sracl.training.batches import TrainingRows
from support.batches import generator
from support.gpu import assert_like_on_processor, needs_gpu, without_dropout
from support.small_training import walks

ITEMS, LENGTH, WIDTH = 30, 10, 16


def rows_of(*histories: list[int]) -> Rows:
    """Rows of the given items."""
    return Rows(
        torch.tensor([item for history in histories for item in history]),
        torch.tensor([len(history) for history in histories]),
    )


def states_and_gradients(backbone: Backbone, rows: Rows) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """States at all places and of all rows, and the gradients of a sum of them, on the backbone's device."""
    rows = rows.to(backbone.item_embedding.weight.device)
    states = torch.cat([backbone.states(rows), backbone.last_states(rows), backbone.states_at(rows, rows.last)])
    weights = torch.linspace(-1, 1, states.numel(), device=states.device).view_as(states)
    (states * weights).sum().backward()
    return states.detach(), {name: parameter.grad for name, parameter in backbone.named_parameters()}


SHORT, LONG, OTHER = [3, 1, 4], [2, 7, 1, 8, 2, 8, 1, 8, 2, 8], [5, 9, 2, 6, 5]


class BackboneContract:
    """Shapes, padding, order of rows, causality, gradients, repeatability, and that it learns."""

    epochs = 16
    """What it takes to learn a walk."""

    def make(self) -> Backbone:
        """A fresh backbone over ITEMS items of width WIDTH that reads LENGTH items, dropout above 0."""
        raise NotImplementedError

    @pytest.fixture
    def backbone(self) -> Backbone:
        torch.manual_seed(0)
        backbone = self.make().eval()
        # Weights of deviation 0.02 hardly let one item see another; larger ones show every dependence.
        for parameter in backbone.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        with torch.no_grad():
            backbone.item_embedding.weight[backbone.item_count].zero_()
        return backbone

    def test_states_at_some_places_are_those_of_the_whole_rows(self, backbone: Backbone) -> None:
        rows = rows_of(LONG, SHORT, OTHER)
        places = torch.tensor([12, 3, 17, 9, 3, 0])
        torch.testing.assert_close(
            backbone.states_at(rows, places), backbone.states(rows)[places], rtol=1e-4, atol=1e-5
        )

    def test_states_have_a_vector_a_place_and_last_states_a_vector_a_row(self, backbone: Backbone) -> None:
        rows = rows_of(LONG, SHORT, OTHER)
        assert backbone.states(rows).shape == (18, WIDTH)
        assert backbone.last_states(rows).shape == (3, WIDTH)
        assert backbone.item_table.shape == (ITEMS, WIDTH)

    def test_the_last_state_of_a_row_is_its_state_at_the_last_place(self, backbone: Backbone) -> None:
        rows = rows_of(LONG, [4], SHORT, OTHER, [7, 7])
        torch.testing.assert_close(backbone.last_states(rows), backbone.states(rows)[rows.last], rtol=1e-4, atol=1e-5)

    def test_a_row_does_not_depend_on_what_it_is_padded_with_or_stands_beside(self, backbone: Backbone) -> None:
        alone = backbone.last_states(rows_of(SHORT))[0]
        beside = backbone.last_states(rows_of(OTHER, SHORT, LONG))[1]
        torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-5)

    def test_rows_come_back_in_their_order(self, backbone: Backbone) -> None:
        one_way = backbone.last_states(rows_of(LONG, SHORT, OTHER))
        other_way = backbone.last_states(rows_of(OTHER, LONG, SHORT))
        torch.testing.assert_close(one_way, other_way[[1, 2, 0]], rtol=1e-4, atol=1e-5)

    def test_what_stands_at_padded_places_does_not_reach_the_items(self, backbone: Backbone) -> None:
        embedded = backbone.item_embedding(torch.tensor([SHORT + [ITEMS] * 4]))
        noisy = embedded.clone()
        noisy[:, 3:] = 7.0
        lengths = torch.tensor([3])
        clean = backbone.encode_last(embedded, lengths)
        torch.testing.assert_close(clean, backbone.encode_last(noisy, lengths), rtol=1e-4, atol=1e-5)

    def test_a_causal_backbone_sees_no_later_item(self, backbone: Backbone) -> None:
        if not backbone.causal:
            pytest.skip("this backbone says that it is not causal")
        changed = [*LONG[:6], 11, 12, 13, 14]
        before, after = backbone.states(rows_of(LONG)), backbone.states(rows_of(changed))
        torch.testing.assert_close(before[:6], after[:6], rtol=1e-4, atol=1e-5)
        assert not torch.allclose(before[6:], after[6:], atol=1e-3)

    def test_read_both_ways_every_place_depends_on_every_item_of_its_row_and_on_nothing_else(
        self, backbone: Backbone
    ) -> None:
        if not backbone.both_ways:
            with pytest.raises(NotImplementedError, match="does not read both ways"):
                backbone.encode_both_ways(backbone.item_embedding(torch.tensor([SHORT])), torch.tensor([3]))
            return
        lengths = torch.tensor([3, 5, 10])
        vectors = backbone.item_embedding(torch.tensor(SHORT + OTHER + LONG)).detach().requires_grad_()
        states = backbone.encode_packed_both_ways(vectors, lengths)
        owner = torch.repeat_interleave(torch.arange(3), lengths)
        for place in range(18):
            gradient = torch.autograd.grad(states[place].sum() * 1e3, vectors, retain_graph=True)[0]
            assert torch.equal(gradient.abs().sum(dim=1) > 1e-3, owner == owner[place])
        alone = backbone.encode_both_ways(vectors[None, :3], torch.tensor([3]))[0]
        torch.testing.assert_close(states[:3], alone, rtol=1e-4, atol=1e-5)

    def test_every_item_of_a_history_counts(self, backbone: Backbone) -> None:
        for place in range(len(OTHER)):
            changed = [*OTHER[:place], 20, *OTHER[place + 1 :]]
            assert not torch.allclose(
                backbone.last_states(rows_of(OTHER)), backbone.last_states(rows_of(changed)), atol=1e-4
            )

    def test_the_order_of_a_history_counts(self, backbone: Backbone) -> None:
        assert not torch.allclose(
            backbone.last_states(rows_of(OTHER)), backbone.last_states(rows_of(OTHER[::-1])), atol=1e-4
        )

    def test_every_parameter_gets_a_finite_gradient_and_padding_none(self, backbone: Backbone) -> None:
        backbone.train()
        states = backbone.states(rows_of(LONG, SHORT, OTHER))
        lasts = backbone.last_states(rows_of(LONG, SHORT))
        (states.square().sum() + lasts[:, 0].sum()).backward()
        for name, parameter in backbone.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.any(), name
        assert not backbone.item_embedding.weight.grad[ITEMS].any()

    def test_gradients_are_those_of_small_steps(self, backbone: Backbone) -> None:
        backbone.double()
        rows, weights = rows_of(LONG, SHORT, OTHER), torch.randn(18 + 3, WIDTH, dtype=torch.double)

        def value() -> torch.Tensor:
            return (torch.cat([backbone.states(rows), backbone.last_states(rows)]) * weights).sum()

        value().backward()
        step = 1e-6
        for name, parameter in backbone.named_parameters():
            direction = torch.randn_like(parameter)
            if parameter is backbone.item_embedding.weight:
                direction[ITEMS] = 0
            with torch.no_grad():
                parameter += step * direction
                above = value()
                parameter -= 2 * step * direction
                below = value()
                parameter += step * direction
            expected = (above - below) / (2 * step)
            torch.testing.assert_close((parameter.grad * direction).sum(), expected, rtol=1e-5, atol=1e-5, msg=name)

    @pytest.mark.slow
    def test_it_learns_that_the_next_item_follows_the_last(self) -> None:
        torch.manual_seed(0)
        split, objective = walks(users=80), TrainingObjective(self.make())
        rows, draws = TrainingRows.of(split.training, LENGTH), generator()
        optimizer = torch.optim.Adam(objective.parameters(), lr=0.01)
        for _ in range(self.epochs):
            for batch in rows.epoch(60, draws):
                optimizer.zero_grad()
                objective(batch, objective.draw(batch, draws)).total.backward()
                optimizer.step()
        found = evaluate(BackboneScorer(objective.backbone), split, "test", cutoffs=(1,))
        # Nine of ten steps lead to the next item; by chance one of thirty is right.
        assert found.kept["HR@1"] > 0.6

    @needs_gpu
    def test_a_gpu_gives_the_states_and_gradients_of_the_processor(self, backbone: Backbone) -> None:
        # While training, since cuDNN gives recurrent nets no gradients otherwise; and convolutions without rounding.
        rows, backbone = rows_of(LONG, [4], SHORT, OTHER, [7, 7]), without_dropout(backbone).train()
        on_gpu = copy.deepcopy(backbone).cuda()
        expected, gradients = states_and_gradients(backbone, rows)
        with torch.backends.cudnn.flags(allow_tf32=False):
            found, found_gradients = states_and_gradients(on_gpu, rows)
        assert_like_on_processor(found, expected)
        for name, gradient in gradients.items():
            assert_like_on_processor(found_gradients[name], gradient, name)

    @needs_gpu
    def test_in_half_precision_on_a_gpu_states_are_near_and_gradients_finite(self, backbone: Backbone) -> None:
        rows, backbone = rows_of(LONG, SHORT, OTHER), without_dropout(backbone).train()
        on_gpu = copy.deepcopy(backbone).cuda()
        expected, _ = states_and_gradients(backbone, rows)
        with torch.autocast("cuda", torch.bfloat16):
            found, gradients = states_and_gradients(on_gpu, rows)
        assert torch.nn.functional.cosine_similarity(found.float().cpu(), expected).min() > 0.99
        assert all(torch.isfinite(gradient).all() for gradient in gradients.values())

    def test_evaluation_repeats_itself_and_training_draws_dropout_from_the_generator(self, backbone: Backbone) -> None:
        rows = rows_of(LONG, SHORT)
        torch.testing.assert_close(backbone.states(rows), backbone.states(rows), rtol=0, atol=0)
        backbone.train()
        torch.manual_seed(5)
        first = backbone.states(rows)
        assert not torch.allclose(first, backbone.states(rows))
        torch.manual_seed(5)
        torch.testing.assert_close(first, backbone.states(rows), rtol=0, atol=0)

    def test_fresh_weights_depend_on_the_seed_alone_and_padding_is_zero(self) -> None:
        torch.manual_seed(3)
        one = self.make()
        torch.manual_seed(3)
        other = self.make()
        for (name, first), second in zip(one.named_parameters(), other.parameters(), strict=True):
            assert torch.equal(first, second), name
            assert torch.isfinite(first).all(), name
        assert not one.item_embedding.weight[ITEMS].any()

    def test_scores_are_products_with_the_item_vectors_after_the_most_recent_items(self, backbone: Backbone) -> None:
        backbone.train()
        long = [9, 9, 9, *LONG]
        histories = Sequences.from_sorted(np.repeat([0, 1], [len(long), len(SHORT)]), np.array(long + SHORT), 2)
        scores = BackboneScorer(backbone).score(histories)
        assert backbone.training
        backbone.eval()
        expected = backbone.last_states(rows_of(LONG, SHORT)) @ backbone.item_table.T
        torch.testing.assert_close(scores, expected.detach(), rtol=1e-4, atol=1e-5)
