"""The shape of one image."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageShape:
    """Channels, height and width of one image."""

    channels: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Numbers in one image."""
        return self.channels * self.height * self.width
