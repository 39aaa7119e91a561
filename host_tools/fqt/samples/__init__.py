"""Samples with labels, in files: recordings of a device, and what people have."""
