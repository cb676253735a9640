"""Training speed of vaelab and other training loops, on the same images and machine.

    python -m benchmarks.training_speed [--images N] [--rounds R] [--epochs E] [--threads T]
                                        [--only NAME...] [--device cpu|cuda] [--json FILE]

Letters in shapes, in all files: B batch, Z latent dimensions.
"""
