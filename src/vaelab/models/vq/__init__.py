"""Vector-quantized VAEs."""
