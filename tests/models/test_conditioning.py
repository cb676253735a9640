"""How a model is given the label: concatenation, class-specific weights, auxiliary classifier."""

import pytest
import torch

from vaelab import parts
from vaelab.errors import InputError
from vaelab.models import ImageShape
from vaelab.models.build import build_model
from vaelab.models.condition_layers import ClassLinear
from vaelab.models.conditioning import ClassWeightsConfig, ConcatConfig
from vaelab.models.gaussian.auxiliary_classifier import AuxiliaryClassifier
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.networks.config import MlpConfig
from vaelab.objectives.config import ElboConfig
from vaelab.objectives.objective import Progress, reduce
from vaelab.presets import preset
from vaelab.randomness import generator
from vaelab.settings import with_settings

SHAPE = ImageShape(1, 8, 8)


def one_hot(labels: list[int], classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(labels), classes).float()


def test_each_class_has_its_own_linear_layer() -> None:
    layer = ClassLinear(4 + 3, 2, 3)
    x = torch.randn(5, 4, generator=generator(0, "x"))
    labels = [0, 1, 2, 2, 0]
    inputs = torch.cat([x, one_hot(labels, 3)], 1)
    weights = layer.own.weight.view(3, 2, 7)
    biases = layer.own.bias.view(3, 2)
    for row, label, output in zip(inputs, labels, layer(inputs), strict=True):
        expected = (layer.weight + weights[label]) @ row + layer.bias + biases[label]
        torch.testing.assert_close(output, expected)


def test_concat_widens_the_inputs_of_encoder_and_decoder_and_nothing_else() -> None:
    """One-hot labels are appended to the encoder's input and to the code."""
    network = MlpConfig(widths=(16,))
    plain, concat = (
        build_model(config, SHAPE, 3, generator(0, "weights")).state_dict()
        for config in (
            VaeConfig(latent_size=5, network=network),
            VaeConfig(latent_size=5, network=network, conditioning=ConcatConfig()),
        )
    )
    assert plain.keys() == concat.keys()
    wider = {name for name in plain if plain[name].shape != concat[name].shape}
    assert wider == {"encoder.hidden.0.weight", "decoder.hidden.0.weight"}
    assert concat["encoder.hidden.0.weight"].shape == (16, 64 + 3)
    assert concat["decoder.hidden.0.weight"].shape == (16, 5 + 3)


def test_concatenated_labels_act_as_a_bias_of_each_class() -> None:
    config = VaeConfig(latent_size=5, network=MlpConfig(widths=(16,)), conditioning=ConcatConfig())
    model = build_model(config, SHAPE, 3, generator(0, "weights"))
    weights = model.state_dict()
    z = torch.randn(3, 5, generator=generator(0, "z"))
    labels = torch.tensor([0, 1, 2])
    hidden = torch.relu(
        z @ weights["decoder.hidden.0.weight"][:, :5].T
        + weights["decoder.hidden.0.weight"][:, 5:].T[labels]
        + weights["decoder.hidden.0.bias"]
    )
    logits = hidden @ weights["decoder.output.weight"].T + weights["decoder.output.bias"]
    torch.testing.assert_close(model.decode(z, labels).flatten(1), torch.sigmoid(logits))


def test_only_presets_that_say_so_have_more_than_concatenation() -> None:
    for name in ("cvae", "cvae-2d"):
        model = preset(name).model
        assert isinstance(model, VaeConfig)
        assert model.conditioning == ConcatConfig()
        assert not model.auxiliary_classifier
    for name in ("cvae-controlled", "cvae-controlled-2d"):
        model = preset(name).model
        assert isinstance(model, VaeConfig)
        assert model.conditioning == ClassWeightsConfig()
        assert model.auxiliary_classifier


def test_real_images_train_the_classifier_and_generated_ones_train_the_decoder() -> None:
    classifier = AuxiliaryClassifier(SHAPE, 3)
    x = torch.rand(6, 1, 8, 8, generator=generator(0, "x"))
    generated = torch.rand(6, 1, 8, 8, generator=generator(0, "generated")).requires_grad_()
    labels = torch.arange(6) % 3
    cross_entropy = torch.nn.functional.cross_entropy
    classifier.cross_entropy(x, labels, generated, labels).mean().backward()
    found = [weights.grad.clone() for weights in classifier.parameters()]
    assert generated.grad is not None
    assert generated.grad.abs().sum() > 0
    classifier.zero_grad()
    cross_entropy(classifier(x), labels).backward()
    for gradient, weights in zip(found, classifier.parameters(), strict=True):
        torch.testing.assert_close(gradient, weights.grad)
    nats = classifier.cross_entropy(x, labels, generated, labels)
    expected = cross_entropy(classifier(x), labels, reduction="none")
    expected = expected + cross_entropy(classifier(generated), labels, reduction="none")
    torch.testing.assert_close(nats, expected)


def test_the_auxiliary_cross_entropy_counts_in_training_only() -> None:
    config = VaeConfig(
        network=MlpConfig(widths=(8,)),
        conditioning=ClassWeightsConfig(),
        auxiliary_classifier=True,
    )
    model = build_model(config, SHAPE, 3, generator(0, "weights"))
    x = torch.rand(6, 1, 8, 8, generator=generator(0, "x"))
    labels = torch.arange(6) % 3
    objective = parts.build(ElboConfig(auxiliary_weight=2.0))
    terms = model.train()(x, labels, generator(0, "noise"))
    reduced = reduce(terms)
    auxiliary = terms.auxiliary["auxiliary_cross_entropy"]
    assert auxiliary.min() > 0
    expected = reduced.reconstruction + reduced.kl + 2 * auxiliary.mean()
    loss, scalars = objective(terms, Progress(1, 2))
    torch.testing.assert_close(loss, expected)
    assert list(scalars) == ["reconstruction", "kl", "auxiliary_cross_entropy"]
    evaluated = model.eval()(x, labels, generator(0, "noise"))
    assert evaluated.auxiliary == {}
    torch.testing.assert_close(reduce(evaluated).reconstruction, reduced.reconstruction)


def test_an_auxiliary_classifier_needs_a_conditional_model() -> None:
    with pytest.raises(InputError, match=r"needs model\.conditioning=concat or class-weights"):
        with_settings(preset("mlp-vae"), {"model.auxiliary_classifier": "true"})


def test_an_auxiliary_classifier_needs_an_objective_with_its_term() -> None:
    settings = {"objective.auxiliary_weight": "0"}
    config = with_settings(preset("cvae-controlled"), settings)
    model = build_model(config.model, SHAPE, 3, generator(0))
    with pytest.raises(InputError, match=r"Elbo leaves out the auxiliary terms"):
        parts.build(config.objective).require(model.capabilities)


def test_an_auxiliary_weight_needs_an_auxiliary_classifier() -> None:
    model = build_model(preset("mlp-vae").model, SHAPE, 3, generator(0))
    with pytest.raises(InputError, match=r"such as model\.auxiliary_classifier=true"):
        parts.build(ElboConfig(auxiliary_weight=1.0)).require(model.capabilities)
