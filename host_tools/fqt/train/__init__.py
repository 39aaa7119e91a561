"""Networks in float32: described, trained, and quantized into model files."""
