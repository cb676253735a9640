"""Parts of a user's own: each function adds an entry to the table of a family.

For example::

    import vaelab
    from torch import nn

    vaelab.register.network("tiny", encoder=Encoder, decoder=Decoder)

    @vaelab.register.loss_term
    def sparsity(terms):
        return terms.z.flat().abs().sum(1)

A part is recorded in a run by its name. A file of such calls is a plugin: name it by `--plugin` on
the command line or by `plugin=` in `load_run`. Keyword-only parameters with defaults become
settings: `def build(context, *, components: int = 10)` adds the field `components`.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from vaelab.config import LikelihoodConfig, ModelConfig, NetworkConfig, ObjectiveConfig, PriorConfig
from vaelab.errors import InputError
from vaelab.parts import Part, PartConfig, family, keyword_arguments

F = TypeVar("F", bound=Callable[..., Any])


def network(name: str, *, encoder: Callable[..., Any], decoder: Callable[..., Any]) -> None:
    """Add a network, for `model.network=NAME`.

    Args:
        name: of the network.
        encoder: (shape, outputs) to a module that takes images (B, C, H, W) and returns
            (B, outputs). In a conditional model the images have one more channel for each class.
        decoder: (shape, inputs) to a module that takes codes (B, inputs), in a conditional model
            with the one-hot label appended, and returns unbounded pixels (B, C, H, W).
    """
    from vaelab.models.networks.custom import custom_network

    config = _config_class(name, NetworkConfig, {})
    _add(NetworkConfig, name, Part(config, custom_network(encoder, decoder)))


def likelihood(name: str) -> Callable[[F], F]:
    """Decorate a `vaelab.Likelihood` or a function that returns one, for `model.likelihood=NAME`.

    It is called with its settings.
    """

    def decorate(part: F) -> F:
        config = _config_class(name, LikelihoodConfig, _settings_of(part))
        _add(
            LikelihoodConfig,
            name,
            Part(config, lambda config, _shape: part(**keyword_arguments(config))),
        )
        return part

    return decorate


def prior(name: str) -> Callable[[F], F]:
    """Decorate a `vaelab.Prior` or a function that returns one, for `model.prior=NAME`.

    It is called with a `PriorContext` (latent_size, class_count, shape) and its settings.
    """
    return _decorator(PriorConfig, name)


def objective(name: str) -> Callable[[F], F]:
    """Decorate a function of terms, for `objective=NAME`, or a `vaelab.Objective`.

    A function is called with the `Terms` of a batch, the `Progress` and its settings, and returns
    the loss and a dictionary of named scalars, which are logged, stored, drawn and reported.
    """

    def decorate(part: F) -> F:
        from vaelab.objectives.custom import objective_builder

        config = _config_class(name, ObjectiveConfig, _settings_of(part))
        _add(ObjectiveConfig, name, Part(config, objective_builder(part)))
        return part

    return decorate


def loss_term(term: F) -> F:
    """Decorate a function of the `Terms` of a batch that returns a value per image (B,).

    `objective.extra_terms=NAME*WEIGHT` adds its mean to the negative ELBO.
    """
    from vaelab.objectives.elbo import LOSS_TERMS

    LOSS_TERMS[term.__name__] = term
    return term


def model(name: str) -> Callable[[F], F]:
    """Decorate a `vaelab.LatentVariableModel` or a function that returns one, for `model=NAME`.

    It is called with the shape of the images, the number of classes and its settings.
    """
    return _decorator(ModelConfig, name)


def metric(
    name: str,
    *,
    unit: str,
    label: str = "",
    meaning: str = "",
    direction: Literal["lower", "higher"] | None = None,
    group: str = "Other",
    features: str | None = None,
    needs: tuple[str, ...] = ("a trained model",),
    is_default: bool = True,
) -> Callable[[F], F]:
    """Decorate a function of an `EvaluationContext` that returns a number or a `MetricValue`.

    Tables and pages show it by this declaration, which is stored with every value.

    Args:
        name: of the metric and of its number.
        unit: of the number.
        label: column heading; none: the name.
        meaning: in one line.
        direction: whether lower or higher is better; None where neither is.
        group: in which it is shown.
        features: `chosen`, if it depends on the feature extractor that the user selects.
        needs: keys of `vaelab.needs.NEEDS`; where one is not met, the metric is left out.
        is_default: whether it is computed when no metric is named.
    """
    from vaelab.evaluation import METRICS, MetricSpec, single_metric

    spec = MetricSpec(
        name=name,
        label=label or name.replace("_", " ").replace("-", " ").capitalize(),
        unit=unit,
        meaning=meaning,
        group=group,
        direction=direction,
        features=features,
    )

    def decorate(compute: F) -> F:
        METRICS[name] = single_metric(spec, compute, needs, is_default=is_default)
        return compute

    return decorate


def dataset(name: str) -> Callable[[F], F]:
    """Decorate a function that returns a `vaelab.Dataset`, for `--data NAME`.

    `vaelab.dataset(images, labels)` makes one from arrays.
    """

    def decorate(load: F) -> F:
        from vaelab.data import DATASETS

        # Its name loads it again, unlike arrays that are passed to `fit`.
        DATASETS[name] = lambda _config, _data_dir: dataclasses.replace(
            load(), is_in_memory=False, source=f"registered as {name}"
        )
        return load

    return decorate


def features(name: str) -> Callable[[F], F]:
    """Decorate a function of a data set that returns a feature extractor, for `--features NAME`.

    It returns a torch module or a function from images (N, C, H, W) in [0, 1] to features (N, F),
    or the path of an ONNX file.
    """
    from vaelab.features import FEATURES

    def decorate(build: F) -> F:
        FEATURES[name] = build
        return build

    return decorate


def _decorator(base: type[PartConfig], name: str) -> Callable[[F], F]:
    def decorate(part: F) -> F:
        config = _config_class(name, base, _settings_of(part))
        _add(base, name, Part(config, _with_settings(part)))
        return part

    return decorate


def _with_settings(part: Callable[..., Any]) -> Callable[..., Any]:
    """A builder that hands the fields of the settings to `part` as keyword arguments."""

    def build(config: PartConfig, *arguments: Any) -> Any:
        return part(*arguments, **keyword_arguments(config))

    return build


def _settings_of(part: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters, which become settings."""
    return {
        name: parameter
        for name, parameter in inspect.signature(part).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def _config_class(
    name: str, base: type[PartConfig], parameters: dict[str, inspect.Parameter]
) -> type[PartConfig]:
    """A settings class with these parameters as fields.

    Raises:
        InputError: on a parameter without a default.
    """
    fields: list[tuple[str, Any, Any]] = [("kind", Literal[name], dataclasses.field(default=name))]
    for each in parameters.values():
        if each.default is inspect.Parameter.empty:
            raise InputError(
                f"the setting {each.name!r} of {name!r} needs a default value, as in "
                f"`*, {each.name}: int = 10`"
            )
        fields.append((each.name, type(each.default), dataclasses.field(default=each.default)))
    made: type[PartConfig] = dataclasses.make_dataclass(
        f"{name}-settings".title().replace("-", ""),
        fields,
        bases=(base,),
        frozen=True,
        kw_only=True,
    )
    return made


def _add(base: type[PartConfig], name: str, part: Part) -> None:
    """Put the part into the table of its family; a part of the same name is replaced."""
    family(base)[name] = part
