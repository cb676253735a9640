"""Deterministic autoencoders."""
