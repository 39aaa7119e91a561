"""Networks of the kinds that microcontrollers run: the public name of
fqt.train.reference_networks."""

from fqt.train.reference_networks import (
    NETWORKS,
    autoencoder,
    cnn28,
    images,
    mobile,
    residual,
    separable,
    time_series,
)

__all__ = [
    "NETWORKS",
    "autoencoder",
    "cnn28",
    "images",
    "mobile",
    "residual",
    "separable",
    "time_series",
]
