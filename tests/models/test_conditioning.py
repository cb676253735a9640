"""How the class reaches a model: layers of its own, and a reader that samples are held to."""

import pytest
import torch

from vaelab.config import ElboConfig, MlpConfig, VaeConfig
from vaelab.errors import InputError
from vaelab.models import ImageShape, build_model
from vaelab.models.auxiliary_classifier import AuxiliaryClassifier
from vaelab.models.networks.class_linear import ClassLinear
from vaelab.objectives import Progress, build_objective, reduce
from vaelab.presets import preset
from vaelab.randomness import generator
from vaelab.settings import with_settings

SHAPE = ImageShape(1, 8, 8)


def one_hot(labels: list[int], classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(labels), classes).float()


def test_each_class_has_a_linear_layer_of_its_own() -> None:
    layer = ClassLinear(4 + 3, 2, 3)
    assert layer.own is not None
    x = torch.randn(5, 4, generator=generator(0, "x"))
    labels = [0, 1, 2, 2, 0]
    inputs = torch.cat([x, one_hot(labels, 3)], 1)
    weights = layer.own.weight.view(3, 2, 7)
    biases = layer.own.bias.view(3, 2)
    for row, label, output in zip(inputs, labels, layer(inputs), strict=True):
        expected = (layer.weight + weights[label]) @ row + layer.bias + biases[label]
        torch.testing.assert_close(output, expected)


def test_without_classes_it_is_a_plain_linear_layer() -> None:
    layer = ClassLinear(4, 2, 0)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    x = torch.randn(5, 4, generator=generator(0, "x"))
    torch.testing.assert_close(layer(x), x @ layer.weight.T + layer.bias)


def test_the_reader_learns_from_real_images_alone_and_the_maker_from_made_ones_alone() -> None:
    reader = AuxiliaryClassifier(SHAPE, 3)
    x = torch.rand(6, 1, 8, 8, generator=generator(0, "x"))
    made = torch.rand(6, 1, 8, 8, generator=generator(0, "made")).requires_grad_()
    labels = torch.arange(6) % 3
    cross_entropy = torch.nn.functional.cross_entropy
    reader.misread(x, labels, made, labels).mean().backward()
    of_misread = [weights.grad.clone() for weights in reader.parameters()]
    assert made.grad is not None
    assert made.grad.abs().sum() > 0
    reader.zero_grad()
    cross_entropy(reader(x), labels).backward()
    for found, weights in zip(of_misread, reader.parameters(), strict=True):
        torch.testing.assert_close(found, weights.grad)
    nats = reader.misread(x, labels, made, labels)
    expected = cross_entropy(reader(x), labels, reduction="none")
    expected = expected + cross_entropy(reader(made), labels, reduction="none")
    torch.testing.assert_close(nats, expected)


def test_what_is_misread_counts_in_training_alone() -> None:
    config = VaeConfig(network=MlpConfig(widths=(8,)), conditional=True, auxiliary_classifier=True)
    model = build_model(config, SHAPE, 3, generator(0, "weights"))
    x = torch.rand(6, 1, 8, 8, generator=generator(0, "x"))
    labels = torch.arange(6) % 3
    objective = build_objective(ElboConfig(auxiliary_weight=2.0))
    terms = model.train()(x, labels, generator(0, "noise"))
    losses = reduce(terms)
    assert terms.auxiliary_cross_entropy is not None
    assert terms.auxiliary_cross_entropy.min() > 0
    expected = losses.negative_elbo + 2 * terms.auxiliary_cross_entropy.mean()
    torch.testing.assert_close(objective(terms, losses, Progress(1, 2)), expected)
    evaluated = model.eval()(x, labels, generator(0, "noise"))
    assert evaluated.auxiliary_cross_entropy is None
    torch.testing.assert_close(reduce(evaluated).negative_elbo, losses.negative_elbo)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("mlp-vae", {"objective.auxiliary_weight": "1"}, "auxiliary_weight must be above 0 with"),
        ("cvae", {"objective.auxiliary_weight": "0"}, "auxiliary_weight must be above 0 with"),
        (
            "mlp-vae",
            {"model.auxiliary_classifier": "true", "objective.auxiliary_weight": "1"},
            "needs model.conditional=true",
        ),
    ],
)
def test_settings_that_do_nothing_are_refused(
    name: str, settings: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        with_settings(preset(name), settings)
