"""Configurations that name what they must not, or ask for more than any model needs."""

import json

import h5py
import numpy as np
import pytest

from tests.recognizer import bad_models as bad
from tests.recognizer.bad_models import Node, dense, function, honest, layer

GADGETS = {
    "keras.layers.Lambda": layer("Lambda", function=function("eval")),
    "__lambda__": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}},
    "exec": function("exec"),
    # CVE-2025-1550, 8747, 9905, 9906: any module's function, Keras's downloader, its own switch.
    "os.system": layer("system", "os"),
    "keras.utils.get_file": layer("get_file", "keras.utils"),
    "keras.config.enable_unsafe_deserialization": layer(
        "enable_unsafe_deserialization", "keras.config"
    ),
    "keras.models.load_model": layer("load_model", "keras.models"),
    "keras.src.utils.python_utils.func_load": layer("func_load", "keras.src.utils.python_utils"),
    # CVE-2025-49655, 12058: pickled modules, and files and addresses read as a vocabulary.
    "keras.layers.TorchModuleWrapper": layer("TorchModuleWrapper"),
    "keras.layers.StringLookup": layer("StringLookup", vocabulary="/etc/passwd"),
    "keras.layers.TFSMLayer": layer("TFSMLayer", filepath="/somewhere"),
    "keras.layers.JaxLayer": layer("JaxLayer"),
    "keras.layers.Hashing": layer("Hashing", num_bins=3),
    # What Keras's decoder of .h5 files makes of any object in the JSON.
    "TypeSpec": {"class_name": "TypeSpec", "type_spec": "tf.TensorSpec", "serialized": []},
    "CompositeTensor": {"class_name": "CompositeTensor", "spec": {}, "tensors": []},
    "__typespec__": {"class_name": "__typespec__", "spec_name": "x", "config": []},
    "mine>Dense": dense() | {"registered_name": "mine>Dense"},
    "os.Dense": dense() | {"module": "os"},
    "['os'].Dense": dense() | {"module": ["os"]},
    "{}": {"class_name": {}, "config": {}},
    "ＤＥＮＳＥ": {"class_name": "ＤＥＮＳＥ", "config": {}},
}


def added(gadget: Node) -> Node:
    return honest(gadget)


def inside_a_wrapper(gadget: Node) -> Node:
    return honest(layer("TimeDistributed", layer=layer("Bidirectional", layer=gadget)))


def as_an_activation(gadget: Node) -> Node:
    return honest(dense(32, name="other", activation=gadget))


def as_an_initializer(gadget: Node) -> Node:
    return honest(dense(32, name="other", kernel_initializer={"deep": [[gadget]]}))


def in_the_build_config(gadget: Node) -> Node:
    return honest(layer("Flatten") | {"build_config": {"input_shape": [gadget]}})


def among_the_arguments(gadget: Node) -> Node:
    call = {"args": [[gadget]], "kwargs": {"mask": gadget}}
    return honest(layer("Flatten") | {"inbound_nodes": [call]})


def in_an_inner_models_compilation(gadget: Node) -> Node:
    return honest(honest() | {"compile_config": {"loss": gadget}})


def beside_the_configuration(gadget: Node) -> Node:
    return honest() | {"more": gadget}


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    "place",
    [
        added,
        inside_a_wrapper,
        as_an_activation,
        as_an_initializer,
        in_the_build_config,
        among_the_arguments,
        in_an_inner_models_compilation,
        beside_the_configuration,
    ],
)
def test_nothing_is_named_but_what_is_on_the_list(desk, place, suffix):
    make = bad.keras_file if suffix == ".keras" else bad.h5_file
    for name, gadget in GADGETS.items():
        refusal = desk.refusal(make(place(gadget)), suffix)

        assert refusal.check == "Classes", name
        assert refusal.expected == "Keras's own layers that only compute"
        assert name in refusal.found


def test_what_an_h5_file_was_compiled_with_is_decoded_by_keras_and_so_looked_into(desk):
    config = honest() | {"compile_config": {"loss": GADGETS["TypeSpec"]}}

    assert desk.refusal(bad.h5_file(config), ".h5").check == "Classes"


@pytest.mark.parametrize(
    ("key", "name", "check"),
    [
        ("activation", "eval", "Activations"),
        ("recurrent_activation", "load_model", "Activations"),
        ("kernel_initializer", "deserialize", "Initializers"),
        ("bias_regularizer", "serialize", "Regularizers"),
        ("kernel_constraint", "constraint", "Constraints"),
        ("dtype", "S1000000000", "Types"),
        ("dtype", "string", "Types"),
    ],
)
def test_a_name_that_keras_looks_up_is_one_of_its_own(desk, key, name, check):
    refusal = desk.refusal(bad.h5_file(honest(dense(32, name="other", **{key: name}))), ".h5")

    assert (refusal.check, refusal.found) == (check, repr(name))


def test_the_later_of_two_keys_counts_as_it_does_for_keras(desk):
    text = json.dumps(honest(layer("Lambda"))).replace(
        '"class_name": "Lambda"', '"class_name": "Flatten", "class_name": "Lambda"'
    )

    assert desk.refusal(bad.keras_file(text.encode())).found == "'keras.layers.Lambda'"


def test_a_layer_alone_is_no_model(desk):
    refusal = desk.refusal(bad.keras_file(dense()))

    assert str(refusal).startswith(
        "Configuration: expected a Sequential or Functional model, found 'Dense'"
    )


# --- Bounds of the configuration ------------------------------------------------------------------


def nested(times: int, calls: int) -> Node:
    """A model that is called ten times in one that is called ten times in one that …"""
    model = honest()
    for _ in range(times):
        model = honest(model | {"inbound_nodes": [{"args": [], "kwargs": {}}] * calls})
    return model


@pytest.mark.parametrize(
    ("config", "check", "found"),
    [
        (honest(*[layer("Flatten")] * 20_000), "Layers", "more"),
        (honest(layer("Flatten") | {"inbound_nodes": [{}] * 20_000}), "Layers", "more"),
        (honest(*[layer("Sqrt", "keras.src.ops.numpy")] * 20_000), "Layers", "more"),
        (nested(times=5, calls=10), "Layers", "more"),
        (honest(dense(10**9)), "Sizes", "'1000000000' at 'units'"),
        (honest(dense(10**4_000)), "Sizes", "at 'units'"),
        (honest(dense() | {"config": {"units": 1e300}}), "Sizes", "units"),
        (honest(layer("Flatten", x=[[0] * 1_000] * 1_000)), "Configuration", "more"),
        (honest(layer("Flatten", x="x" * 5_000)), "Configuration", "5,000 at 'x'"),
        (honest(layer("Dropout", rate=float("nan"))), "Configuration", "NaN is no number"),
        (honest(layer("Dropout", rate=float("inf"))), "Configuration", "Infinity is no number"),
    ],
)
def test_a_configuration_beyond_its_bounds_is_refused(desk, config, check, found):
    for content, suffix in ((bad.keras_file(config), ".keras"), (bad.h5_file(config), ".h5")):
        refusal = desk.refusal(content, suffix)

        assert refusal.check == check
        assert found in refusal.found


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        json.dumps(honest()).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(honest()).encode(),
        json.dumps(honest()).encode()[:-1] + b"\xff}",
        b'{"class_name": "Sequential", "config": {"units": ' + b"9" * 5_000 + b"}}",
        b"\x80\x04\x95\x10\x00",
    ],
)
def test_a_configuration_that_is_no_json_is_refused(desk, text):
    refusal = desk.refusal(bad.keras_file(text))

    assert (refusal.check, refusal.expected) == ("Configuration", "JSON")


@pytest.mark.parametrize("model_config", [7, np.zeros(3), h5py.Empty("f4"), ["a", "b"]])
def test_a_configuration_that_is_no_text_is_refused(desk, model_config):
    def fill(file: h5py.File) -> None:
        file.attrs["model_config"] = model_config

    assert desk.refusal(bad.hdf5(fill), ".h5").check in {"Configuration", "HDF5"}
