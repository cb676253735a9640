"""Sentences about the use of latent dimensions."""

from collections.abc import Sequence

from vaelab.formatting import counted, listed, plain

# A dimension whose KL is below this carries no information.
EMPTY_NATS = 0.01


def collapse(
    name: str,
    latent_size: int,
    active: float | None,
    kl: Sequence[float] | None,
    *,
    has_collapsed: bool,
) -> str | None:
    """How many latent dimensions a run uses.

    Args:
        name: of the run.
        latent_size: number of latent dimensions.
        active: number of active units; None if it was not measured.
        kl: of each dimension, in nats; None if it was not measured.
        has_collapsed: whether the KL was nearly 0 after some training.
    """
    parts = []
    if active is not None:
        parts.append(_active(int(active), latent_size))
    if kl:
        empty = sum(value < EMPTY_NATS for value in kl)
        subject = f"{empty} of {len(kl)} {'has' if empty == 1 else 'have'}" if empty else "none has"
        parts.append(f"{subject} a KL below {EMPTY_NATS:g} nats")
    if not parts:
        return None
    end = ": the posterior has collapsed, and the decoder ignores the code" if has_collapsed else ""
    return f"{name}: {'; '.join(parts)}{end}."


def _active(used: int, latent_size: int) -> str:
    if used < latent_size:
        verb = "is" if used == 1 else "are"
        return f"{used or 'none'} of {counted(latent_size, 'latent dimension')} {verb} active"
    if latent_size == 1:
        return "its one latent dimension is active"
    return f"all {latent_size} latent dimensions are active"


def activity(active: Sequence[tuple[int, float]]) -> str | None:
    """Active units by latent size.

    Args:
        active: latent size and number of active units, by rising latent size.
    """
    if len(active) < 2:
        return None
    sizes = listed(str(size) for size, _ in active)
    units = listed(plain(count) for _, count in active)
    text = f"Of {sizes} latent dimensions, {units} are active"
    unused = [str(size) for size, count in active if count < size]
    if not unused:
        return f"{text}: every latent size tried is used in full."
    return f"{text}: some dimensions are unused with a latent size of {listed(unused)}."
