"""An autoregressive likelihood: each pixel depends on z and on the pixels before it.

    p(x|z) = prod_cells prod_values p(value | values before it in the cell, cells before it, z)

A cell is a square of 2 x 2 pixels, so that a causal network has a quarter of the positions of the
image. It reads the cells above and to the left; a small network for each value of a cell reads its
outcome and the values before it in the cell. The order is that of a PixelCNN (van den Oord et al.
2016, arXiv:1606.05328) over cells, with the shifted convolutions and the residual blocks with gates
of PixelCNN++ (Salimans et al. 2017, arXiv:1701.05517).

Letters in shapes: B batch, C channels, H height, W width, M maps of the decoder, V = 4 C values of
a cell, h and w rows and columns of cells, F channels of the causal network, N = 4 M, R rows and Q
columns of a window of cells, P numbers that give the distribution of one value, U hidden units.
"""

from collections.abc import Callable, Iterable
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vaelab.entropy_coding import BitStack
from vaelab.models.image_shape import ImageShape
from vaelab.models.likelihoods.config import (
    AutoregressiveBernoulliConfig,
    AutoregressiveConfig,
    AutoregressiveLogisticConfig,
    BernoulliConfig,
    LogisticMixtureConfig,
)
from vaelab.models.likelihoods.likelihood import Decoded, Images, Likelihood, Values
from vaelab.models.likelihoods.logistic import LogisticMixture
from vaelab.models.likelihoods.pixelwise import Bernoulli
from vaelab.models.networks.folding import FOLD
from vaelab.models.networks.network import channels_last
from vaelab.randomness import Shared, Source, generator

# Cells that the first layer reads: rows above, columns to either side. It covers the width of small
# images, since later layers read only to the left.
ROWS_ABOVE, COLUMNS = 3, 6

Cells = Float[Tensor, "B V h w"]
Choice = Callable[[int, int, int, Float[Tensor, "B P 1 1"]], Float[Tensor, "B 1 1 1"]]


class WindowConvolution(nn.Conv2d):
    """A convolution over a window of cells that ends at, or before, the present cell.

    Args:
        inputs: channels.
        outputs: channels.
        window: rows and columns.
        padding: cells of zeros left, right, above and below; a negative number leaves cells out.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        window: tuple[int, int],
        padding: tuple[int, int, int, int],
    ) -> None:
        super().__init__(inputs, outputs, window)
        self.around = padding

    def forward(self, cells: Float[Tensor, "B V h w"]) -> Float[Tensor, "B F h w"]:
        """The outcome of every cell."""
        return super().forward(functional.pad(cells, self.around))

    def at(
        self,
        cells: Float[Tensor, "B V h w"],
        row: int,
        column: int,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> Float[Tensor, "B F"]:
        """The outcome of one cell; the cells after it are not read.

        Args:
            cells: without padding.
            row: of the cell.
            column: of the cell.
            activation: of the cells that are read; it maps 0 to 0.
        """
        left, _, above, _ = self.around
        height, width = self.kernel_size
        top, start = row - above, column - left
        window = cells[:, :, max(top, 0) : top + height, max(start, 0) : start + width]
        if activation is not None:
            window = activation(window)
        missing_above, missing_left = max(-top, 0), max(-start, 0)
        missing_right = width - missing_left - window.shape[3]
        padded = functional.pad(window, (missing_left, missing_right, missing_above, 0))
        return functional.linear(padded.flatten(1), self.weight.flatten(1), self.bias)


class CausalBlock(nn.Module):
    """h + gate(conv(h) + W decoded)."""

    def __init__(self, channels: int, maps: int) -> None:
        super().__init__()
        # The present row and the one above it, up to the present column.
        self.convolution = WindowConvolution(channels, channels, (2, 3), (2, 0, 1, 0))
        self.decoded = nn.Conv2d(maps, channels, 1)
        self.gate = nn.Conv2d(channels, 2 * channels, 1)

    def forward(
        self, h: Float[Tensor, "B F h w"], decoded: Float[Tensor, "B N h w"]
    ) -> Float[Tensor, "B F h w"]:
        """The features, refined."""
        inner = self.convolution(functional.silu(h)) + self.decoded(decoded)
        refined: Tensor = h + functional.glu(self.gate(functional.silu(inner)), 1)
        return refined

    def at(
        self, h: Float[Tensor, "B F h w"], decoded: Float[Tensor, "B N h w"], row: int, column: int
    ) -> Float[Tensor, "B F 1 1"]:
        """The refined features of one cell."""
        inner = self.convolution.at(h, row, column, functional.silu)[:, :, None, None]
        inner = inner + self.decoded(_cell(decoded, row, column))
        gated = functional.glu(self.gate(functional.silu(inner)), 1)
        refined: Tensor = _cell(h, row, column) + gated
        return refined


class Autoregressive(Likelihood, is_formula=False):
    """A causal network over cells of pixels, and the distribution of each value.

    Args:
        config: sizes of the network.
        shape: of the images.
        pixel: distribution of one value, in which values are independent of each other.
    """

    def __init__(self, config: AutoregressiveConfig, shape: ImageShape, pixel: Likelihood) -> None:
        super().__init__()
        self.pixel = pixel
        self.unit = pixel.unit
        self.value_count = pixel.value_count
        self.size = (shape.height, shape.width)
        self.maps = config.maps
        self.values = FOLD**2 * shape.channels
        self.parameters_per_value = self.pixel.decoded_channels(1)
        channels, maps, width = config.channels, FOLD**2 * config.maps, config.width
        self.above = WindowConvolution(
            self.values,
            channels,
            (ROWS_ABOVE, 2 * COLUMNS + 1),
            (COLUMNS, COLUMNS, ROWS_ABOVE, -1),
        )
        self.left = WindowConvolution(self.values, channels, (1, COLUMNS), (COLUMNS, -1, 0, 0))
        self.decoded = nn.Conv2d(maps, channels, 1)
        self.blocks = nn.ModuleList(CausalBlock(channels, maps) for _ in range(config.blocks))
        self.features = nn.Conv2d(channels + maps, self.values * width, 1)
        self.before = nn.Conv2d(self.values, self.values * width, 1, bias=False)
        self.output = nn.Conv2d(
            self.values * width, self.values * self.parameters_per_value, 1, groups=self.values
        )
        # Hidden units of a value read the values before it in the cell.
        order = torch.arange(self.values)
        allowed = order.repeat_interleave(width).unsqueeze(1) > order
        channels_last(self)
        self.register_buffer("mask", allowed[:, :, None, None].float(), persistent=False)

    mask: Tensor
    is_sequential = True

    def decoded_channels(self, image_channels: int) -> int:
        """The maps."""
        return self.maps

    def log_prob(self, x: Images, decoded: Decoded) -> Images:
        """log p of each value, given z and the values before it."""
        return self.pixel.log_prob(x, self.conditionals(x, decoded))

    def conditionals(self, x: Images, decoded: Decoded) -> Float[Tensor, "B CP H W"]:
        """What gives the distribution of each value, from z and the values of `x` before it."""
        cells, maps = self._cells(2 * x - 1), self._cells(decoded)
        h = self.above(cells) + self.left(cells) + self.decoded(maps)
        for block in self.blocks:
            h = block(h, maps)
        features = self.features(torch.cat([functional.silu(h), maps], 1))
        hidden = features + functional.conv2d(cells, self.before.weight * self.mask)
        return self._at_pixels(self.output(functional.silu(hidden)))

    def mean(self, decoded: Decoded) -> Images:
        """An unbiased estimate of E[x|z]: at one draw, the mean of each value given those before.

        The noise of the draw is the same for all images and all calls, so that the estimate is a
        function of z.
        """
        rows = torch.zeros(len(decoded), dtype=torch.int64, device=decoded.device)
        noise = Shared(generator(0, "expected image", device=decoded.device), rows, 1)
        return self.pixel.mean(self.conditionals(self.sample(decoded, noise), decoded))

    def sample(self, decoded: Decoded, source: Source) -> Images:
        """A draw, value after value."""
        return self.fill(decoded, lambda *given: self.pixel.sample(given[-1], source))

    def push(self, stack: BitStack, values: Values, decoded: Decoded) -> None:
        """Push images, the last value first, with the distributions that `pop` computes."""
        steps = list[tuple[Values, Tensor]]()

        def record(channel: int, row: int, column: int, parameters: Tensor) -> Tensor:
            known = values[:, channel, row, column].view(-1, 1, 1, 1)
            steps.append((known, parameters))
            return self._as_pixel(known, parameters)

        self.fill(decoded, record)
        for known, parameters in reversed(steps):
            self.pixel.push(stack, known, parameters)

    def pop(self, stack: BitStack, decoded: Decoded) -> Values:
        """Pop images; see `push`."""
        values = torch.zeros(len(decoded), self.values // FOLD**2, *self.size, dtype=torch.long)

        def read(channel: int, row: int, column: int, parameters: Tensor) -> Tensor:
            popped = self.pixel.pop(stack, parameters)
            values[:, channel, row, column] = popped.flatten()
            return self._as_pixel(popped, parameters)

        self.fill(decoded, read)
        return values

    def _as_pixel(self, values: Values, like: Tensor) -> Images:
        return values.to(like) / (self.value_count - 1)

    @torch.no_grad()
    def fill(self, decoded: Decoded, choose: Choice) -> Images:
        """The image whose values `choose` gives one after the other.

        Each cell costs one evaluation of the network at that cell, so the whole image costs as
        much arithmetic as `log_prob`.

        Args:
            decoded: the decoder's output.
            choose: of channel, row, column and parameters (B, P, 1, 1) of the value's
                distribution; gives the values (B, 1, 1, 1).
        """
        maps = self._cells(decoded)
        count, _, rows, columns = maps.shape
        cells = maps.new_zeros(count, self.values, rows, columns)
        channels = self.left.out_channels
        # The channels of a cell lie together, since windows of few cells are read.
        states = [
            maps.new_zeros(count, rows, columns, channels).permute(0, 3, 1, 2)
            for _ in (*self.blocks, None)
        ]
        for row in range(rows):
            for column in range(columns):
                features = self._features_at(cells, maps, states, row, column)
                self._fill_cell(cells, features, choose, row, column)
        x = functional.pixel_shuffle((cells + 1) / 2, FOLD)
        return x[:, :, : self.size[0], : self.size[1]]

    def _features_at(
        self, cells: Cells, maps: Tensor, states: list[Tensor], row: int, column: int
    ) -> Float[Tensor, "B VU"]:
        """Inputs of the hidden units of one cell's values; the states of its layers are stored."""
        here = _cell(maps, row, column)
        first = self.above.at(cells, row, column) + self.left.at(cells, row, column)
        states[0][:, :, row, column] = first + self.decoded(here).flatten(1)
        blocks = cast(Iterable[CausalBlock], self.blocks)
        for block, state, following in zip(blocks, states, states[1:], strict=False):
            following[:, :, row, column] = block.at(state, maps, row, column).flatten(1)
        h = _cell(states[-1], row, column)
        features: Tensor = self.features(torch.cat([functional.silu(h), here], 1))
        return features.flatten(1)

    def _fill_cell(
        self, cells: Cells, features: Tensor, choose: Choice, row: int, column: int
    ) -> None:
        """Choose the values of one cell; those outside of the image stay as they are."""
        before = (self.before.weight * self.mask).flatten(1)
        count = self.parameters_per_value
        weights, biases = self.output.weight.flatten(1), cast(Tensor, self.output.bias)
        units = weights.shape[1]
        for value in range(self.values):
            channel, place = divmod(value, FOLD**2)
            y, x = FOLD * row + place // FOLD, FOLD * column + place % FOLD
            if y >= self.size[0] or x >= self.size[1]:
                cells[:, value, row, column] = -1
                continue
            some = slice(value * units, (value + 1) * units)
            hidden = features[:, some] + cells[:, :, row, column] @ before[some].T
            numbers = slice(value * count, (value + 1) * count)
            parameters = functional.linear(
                functional.silu(hidden), weights[numbers], biases[numbers]
            )
            chosen = choose(channel, y, x, parameters[:, :, None, None])
            cells[:, value, row, column] = 2 * chosen.flatten() - 1

    def _cells(self, images: Float[Tensor, "B C H W"]) -> Cells:
        """Squares of pixels as channels; odd sizes are padded with black."""
        height, width = self.size
        padding = (0, -width % FOLD, 0, -height % FOLD)
        return functional.pixel_unshuffle(functional.pad(images, padding, value=-1.0), FOLD)

    def _at_pixels(self, outputs: Float[Tensor, "B VP h w"]) -> Float[Tensor, "B CP H W"]:
        """The numbers of each value's distribution at its pixel."""
        by_value = outputs.unflatten(1, (-1, FOLD**2, self.parameters_per_value)).transpose(2, 3)
        pixels = functional.pixel_shuffle(by_value.flatten(1, 3), FOLD)
        return pixels[:, :, : self.size[0], : self.size[1]]


def _cell(cells: Float[Tensor, "B F h w"], row: int, column: int) -> Float[Tensor, "B F 1 1"]:
    """One cell."""
    return cells[:, :, row : row + 1, column : column + 1]


def with_bernoulli(config: AutoregressiveBernoulliConfig, shape: ImageShape) -> Autoregressive:
    """For binarized images."""
    return Autoregressive(config, shape, Bernoulli(BernoulliConfig(), shape))


def with_logistic_mixture(
    config: AutoregressiveLogisticConfig, shape: ImageShape
) -> Autoregressive:
    """For 8-bit gray values."""
    mixture = LogisticMixture(LogisticMixtureConfig(components=config.components), shape)
    return Autoregressive(config, shape, mixture)
