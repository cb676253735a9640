"""The table of garments, in the order of the labels of Fashion-MNIST."""

from collections.abc import Callable

from vaelab.data.wardrobe.accessories import ankle_boot, bag, sandal, sneaker
from vaelab.data.wardrobe.canvas import Canvas
from vaelab.data.wardrobe.clothes import coat, dress, pullover, shirt, t_shirt, trouser
from vaelab.data.wardrobe.parts import GarmentFactors

GARMENTS: dict[str, Callable[[Canvas, GarmentFactors], None]] = {
    "T-shirt/top": t_shirt,
    "Trouser": trouser,
    "Pullover": pullover,
    "Dress": dress,
    "Coat": coat,
    "Sandal": sandal,
    "Shirt": shirt,
    "Sneaker": sneaker,
    "Bag": bag,
    "Ankle boot": ankle_boot,
}
"""Class names and the function that paints each class."""
