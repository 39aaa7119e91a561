"""Keras's models and files, converted, against Keras on the same samples. Where Keras is not
installed (`pip install 'fqt-host[keras]'` brings it) these are left out."""

import os

import numpy as np
import pytest

pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

from fqt import convert  # noqa: E402 (Keras first: it asks for its backend when it is imported)
from fqt.importers.convert import read_source  # noqa: E402
from fqt.importers.to_float import to_float  # noqa: E402

layers = keras.layers


def image_network():
    """As tutorials write it: samples in their own units, batch normalisation behind the ReLU."""
    keras.utils.set_random_seed(1)
    net = keras.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Rescaling(1 / 127.5, -1.0),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(5, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ],
        name="pictures",
    )
    rng = np.random.default_rng(0)
    normalization = net.layers[2]
    normalization.set_weights([rng.uniform(0.5, 2, 4) for _ in range(4)])
    return net


def signal_network():
    keras.utils.set_random_seed(2)
    given = keras.Input((32, 3))
    x = layers.Conv1D(6, 5, strides=2, activation="relu")(given)
    x = layers.Add()([x, layers.Conv1D(6, 3, padding="same")(x)])
    x = layers.GlobalAveragePooling1D()(layers.ReLU()(x))
    return keras.Model(given, layers.Dense(2)(x), name="signals")


def recurrent_network():
    keras.utils.set_random_seed(3)
    rows = {"bias_initializer": "random_normal"}
    net = keras.Sequential(name="steps")
    net.add(layers.Input((9, 3)))
    net.add(layers.Rescaling(1 / 127.5, -1.0))
    net.add(layers.GRU(6, return_sequences=True, **rows))
    net.add(layers.LSTM(5, return_sequences=True, use_bias=False))
    net.add(layers.LSTM(5, return_sequences=True, **rows))
    net.add(layers.GRU(4, **rows))
    net.add(layers.Dense(3))
    return net


def samples_of(net, count=60):
    shape = net.input_shape[1:]
    return np.random.default_rng(1).uniform(0, 255, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize("build", [image_network, signal_network, recurrent_network])
def test_models_and_their_files_have_keras_s_numbers(build, tmp_path):
    net = build()
    x = samples_of(net)
    wanted = net.predict(x, verbose=0)
    path = tmp_path / "saved.keras"
    net.save(path)
    for source in (net, path):
        network = read_source(source)
        outputs = to_float(network).forward(network.arrange(x))
        if network.function == "softmax":
            outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            outputs /= outputs.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(outputs, wanted, atol=1e-5 * np.abs(wanted).max())
    assert (network.name, read_source(net).name) == ("saved", net.name)
    assert np.array_equal(net.predict(x, verbose=0), wanted)  # the source stays as it was
    model = convert(path, calibrate=x)
    assert any(layer.trainable for layer in model.layers)


def test_pictures_go_in_as_the_bytes_that_they_are():
    model = convert(image_network(), calibrate=samples_of(image_network()))
    assert model.input_map is not None
    np.testing.assert_allclose(model.input_map, [[127.5, 127.5]] * 2)


def test_code_in_a_file_does_not_run_unless_it_is_trusted(tmp_path):
    net = keras.Sequential([layers.Input((4,)), layers.Lambda(lambda x: x * 2), layers.Dense(2)])
    net.save(tmp_path / "code.keras")
    with pytest.raises(ValueError, match=r"code\.keras: it holds Python code .*--trust"):
        read_source(tmp_path / "code.keras")
    network = read_source(tmp_path / "code.keras", trust=True)
    assert network.nodes[-1].kind == "dense"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: [layers.GRU(4, reset_after=False)], "it has its reset gate in front"),
        (lambda: [layers.GRU(4, go_backwards=True)], "it reads steps backwards: train the netw"),
        (lambda: [layers.LSTM(4, activation="relu")], "it has other functions than tanh and sig"),
        (lambda: [layers.Bidirectional(layers.LSTM(4))], "it reads steps in both directions: tr"),
        (lambda: [layers.Masking(), layers.LSTM(4)], "it leaves steps out: train the network wi"),
    ],
)
def test_recurrent_layers_that_are_not_taken_are_named(wrong, said):
    net = keras.Sequential([layers.Input((9, 3)), *wrong(), layers.Dense(2)])
    with pytest.raises(ValueError, match=rf"layer '\w+' \(\w+\): {said}"):
        read_source(net)


def test_what_cannot_be_taken_is_told(tmp_path):
    (tmp_path / "cut.keras").write_bytes(b"PK\3\4 cut")
    with pytest.raises(ValueError, match=r"cut\.keras: Keras cannot load it.*model\.save"):
        read_source(tmp_path / "cut.keras")
    with pytest.raises(ValueError, match=r"no known inputs.*begin it with keras\.Input"):
        read_source(keras.Sequential([layers.Dense(2)]))
    loose = keras.Sequential([layers.Input((None, 4)), layers.Conv1D(2, 3), layers.Flatten()])
    with pytest.raises(ValueError, match=r"its input has the shape \('batch', None, 4\)"):
        read_source(loose)
    two = [keras.Input((4,)), keras.Input((4,))]
    with pytest.raises(ValueError, match="the network has 2 inputs"):
        read_source(keras.Model(two, layers.Add()(two)))
