"""The codes of test images for TensorBoard's embedding projector."""

import shutil

import torch
from torch.nn import functional

from vaelab.data import ImageData
from vaelab.data.batches import Batches
from vaelab.pictures import displayable
from vaelab.randomness import generator
from vaelab.runs import Run

BATCH_SIZE = 500
TAG = "test-codes"

# Images that the projector shows without delay, numbers in the file of their codes, and pixels of a
# side of the picture of all images, which browsers draw in one texture.
MOST_IMAGES, MOST_NUMBERS, MOST_SIDE_PIXELS = 2500, 2**21, 8192


@torch.no_grad()
def write_projector(run: Run, test: ImageData) -> None:
    """Write codes, classes and pictures of the first test images into the run's TensorBoard folder.

    Args:
        run: a finished run; the weights are those of its best epoch.
        test: the test images.
    """
    from torch.utils.tensorboard import SummaryWriter

    model = run.load_model()
    side = max(run.data.shape[1:])
    data = test.first(
        min(MOST_IMAGES, max(1, MOST_NUMBERS // model.latent_size), (MOST_SIDE_PIXELS // side) ** 2)
    )
    images = Batches(data, torch.device("cpu"), binarize=run.config.data.binarize)
    batches = list(images.in_order(BATCH_SIZE, generator(0, "binarize")))
    codes = torch.cat([model.encode(batch.x, batch.labels).flat() for batch in batches])
    pictures = torch.cat([torch.from_numpy(displayable(batch.x.numpy())) for batch in batches])
    classes = None
    if data.labels is not None:  # one line for each, so a name has no line break
        names = [" ".join(name.split()) for name in run.data.class_names]
        classes = [names[label] for label in data.labels.tolist()]
    run.require_folder()
    folder, epochs = run.path / "tensorboard", len(run.read_metrics())
    # A process that was killed here has left some of the files.
    shutil.rmtree(folder / f"{epochs:05}", ignore_errors=True)
    with SummaryWriter(str(folder)) as writer:
        writer.add_embedding(codes, classes, _not_tall(pictures), global_step=epochs, tag=TAG)


def _not_tall(pictures: torch.Tensor) -> torch.Tensor:
    """With black columns where images are higher than wide, which the writer cannot arrange."""
    height, width = pictures.shape[2:]
    return functional.pad(pictures, (0, max(0, height - width)))
