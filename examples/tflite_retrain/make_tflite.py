"""Makes digits.tflite as a user of TensorFlow would: a small CNN that knows the digits 0 to 4, in
int8, with bytes as its input.

    pip install tensorflow-cpu==2.21.0
    python make_tflite.py [FOLDER]

The file lies beside this script, so that nobody needs TensorFlow for the example. The digits are
real handwriting, those of the example rotated_digits (its README says whose; CC BY 4.0).
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

DIGITS = Path(__file__).resolve().parent.parent / "rotated_digits" / "digits.npz"
KNOWN = 5  # the digits below
TESTS = 0.25


def known_digits() -> tuple[np.ndarray, np.ndarray]:
    """Images float32 [n][8][8][1], 0 to 1, and what they are."""
    with np.load(DIGITS) as data:
        images, labels = data["images"], data["labels"]
    is_known = labels < KNOWN
    return images[is_known, ..., None].astype(np.float32) / 16, labels[is_known]


def main(folder: Path) -> None:
    tf.keras.utils.set_random_seed(1)
    x, y = known_digits()
    order = np.random.default_rng(1).permutation(len(y))
    tests = int(TESTS * len(y))
    train, test = order[tests:], order[:tests]
    layers = tf.keras.layers
    net = tf.keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(KNOWN, activation="softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    net.compile(tf.keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    net.fit(x[train], y[train], epochs=20, batch_size=32, verbose=0)
    _, right = net.evaluate(x[test], y[test], verbose=0)
    print(f"TensorFlow {tf.__version__}: {100 * right:.1f} % of {tests} digits right")
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in x[train][:200])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.int8
    (folder / "digits.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
