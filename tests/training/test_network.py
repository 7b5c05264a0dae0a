"""The network is small, takes digits as they are, and answers probabilities."""

import keras
import numpy as np
import pytest

from training import datasets, network

# Keras 3.15 copies tensors in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def model():
    return network.build(seed=1)


def test_it_takes_digits_and_answers_probabilities(model):
    digits = datasets.read_test(datasets.SAMPLE_PATH).images[:8, ..., None].astype(np.float32)
    answers = model(digits).numpy()

    assert model.input_shape == (None, 28, 28, 1)
    assert answers.shape == (8, 10)
    assert answers.sum(1) == pytest.approx(1, abs=1e-5)


def test_scaling_is_its_first_layer(model):
    [_, scaling, *_] = model.layers

    assert isinstance(scaling, keras.layers.Rescaling)
    assert scaling.scale == pytest.approx(1 / 255)


def test_a_seed_gives_the_same_first_weights_and_another_gives_others(model):
    kernel, again, other = (
        made.get_layer("convolution_1a").get_weights()[0]
        for made in (model, network.build(seed=1), network.build(seed=2))
    )

    assert np.array_equal(kernel, again)
    assert not np.array_equal(kernel, other)


def test_no_two_layers_begin_alike(model):
    first, second = (
        model.get_layer(name).get_weights()[0].ravel()[:16]
        for name in ("convolution_2b", "dense_3a")
    )

    assert not np.allclose(first / first.std(), second / second.std())


def test_its_file_is_small_enough_to_ship(model, tmp_path):
    model.save(tmp_path / "model.keras")

    assert (tmp_path / "model.keras").stat().st_size <= 2 * 2**20
