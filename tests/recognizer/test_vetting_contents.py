"""Files that are refused before TensorFlow sees them: each by the check that it fails."""

import copy
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from recognizer.vetting import RefusedModel, bounded, contents, hdf5

SHIPPED = bounded.ROOT / "training" / "pretrained" / "model.keras"
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def shipped() -> Members:
    with zipfile.ZipFile(SHIPPED) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def config(shipped) -> dict[str, Any]:
    return json.loads(shipped["config.json"])


def layer(name: str, module: str | None = "keras.layers", **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": {"name": "added"} | config}


class Files:
    """Writes model files into a folder, and looks into them."""

    def __init__(self, folder: Path, shipped: Members) -> None:
        self._folder, self._shipped = folder, shipped

    def keras(self, members: Members, *, compression: int = zipfile.ZIP_STORED) -> Path:
        path = self._folder / "model.keras"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in (self._shipped | members).items():
                archive.writestr(name, content)
        return path

    def with_config(self, config: Any) -> Path:
        return self.keras({"config.json": json.dumps(config).encode()})

    def with_weights(self, fill: Any) -> Path:
        written = io.BytesIO()
        with h5py.File(written, "w") as file:
            fill(file)
        return self.keras({"model.weights.h5": written.getvalue()})

    def look(self, path: Path) -> dict[str, Any]:
        return contents.look(path, self._folder)


@pytest.fixture
def files(tmp_path, shipped) -> Files:
    return Files(tmp_path, shipped)


def refused(files: Files, path: Path) -> RefusedModel:
    with pytest.raises(RefusedModel) as refusal:
        files.look(path)
    return refusal.value


def test_what_an_honest_file_holds_is_told(files):
    found = files.look(files.keras({}))

    assert found["keras_version"].startswith("3.")
    assert {"Conv2D", "Dense", "Functional"} <= set(found["classes"])
    assert found["num_layers"] > 20
    assert 400_000 < found["declared_bytes"] < 20_000_000


def test_it_runs_as_a_process_of_its_own(files, tmp_path):
    path = files.keras({})
    found = bounded.run(contents.__name__, path, limits=bounded.LOOKING, workspace=tmp_path)

    assert found == files.look(path)


def test_a_refusal_crosses_the_processes_with_all_its_words(files, config, tmp_path):
    config["config"]["layers"].append(layer("Lambda"))
    with pytest.raises(RefusedModel) as refusal:
        bounded.run(
            contents.__name__,
            files.with_config(config),
            limits=bounded.LOOKING,
            workspace=tmp_path,
        )

    assert refusal.value.check == "Classes"
    assert refusal.value.found == "'keras.layers.Lambda'"
    assert "code of its own" in refusal.value.advice


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("added", "found"),
    [
        (layer("Lambda"), "keras.layers.Lambda"),
        (layer("TFSMLayer", filepath="elsewhere"), "keras.layers.TFSMLayer"),
        (layer("StringLookup", vocabulary="/etc/passwd"), "keras.layers.StringLookup"),
        (layer("TextVectorization"), "keras.layers.TextVectorization"),
        (layer("TorchModuleWrapper"), "keras.layers.TorchModuleWrapper"),
        (layer("Popen", "subprocess"), "subprocess.Popen"),
        (layer("Dense", "os"), "os.Dense"),
        (layer("function", "builtins"), "builtins.function"),
        (layer("get_file", "keras.utils"), "keras.utils.get_file"),
        (layer("load_model", "keras.models"), "keras.models.load_model"),
        (layer("Dense") | {"registered_name": "mine>Dense"}, "mine>Dense"),
        (layer("Mine", None), "Mine"),
        ({"class_name": "__lambda__", "config": {"value": "4wEA"}}, "__lambda__"),
        ({"class_name": ["Dense"], "config": {}}, "Dense"),
    ],
)
@pytest.mark.parametrize("is_nested", [False, True])
def test_what_is_not_on_the_list_is_refused_however_deep(files, config, added, found, is_nested):
    if is_nested:
        inner = copy.deepcopy(config)
        inner["config"]["layers"].append(layer("TimeDistributed", layer=added))
        added = inner
    config["config"]["layers"].append(added)
    refusal = refused(files, files.with_config(config))

    assert refusal.check == "Classes"
    assert found in refusal.found


def test_what_learning_was_compiled_with_does_not_count(files, config):
    config["compile_config"] = {"loss": layer("MyLoss", "mine")}

    assert files.look(files.with_config(config))["num_layers"] > 20


def test_an_inner_models_compilation_is_read_by_keras_and_so_by_us(files, config):
    inner = copy.deepcopy(config) | {"compile_config": {"loss": layer("MyLoss", "mine")}}
    config["config"]["layers"].append(inner)

    assert "mine.MyLoss" in refused(files, files.with_config(config)).found


def test_an_activation_of_ones_own_is_refused(files, config):
    config["config"]["layers"].append(layer("Dense", activation="my_swish"))
    refusal = refused(files, files.with_config(config))

    assert refusal.check == "Activations"
    assert refusal.found == "'my_swish'"


# --- Bounds of the configuration ------------------------------------------------------------------


def test_twenty_thousand_layers_are_refused(files, config):
    config["config"]["layers"] += [layer("Flatten")] * 20_000

    assert refused(files, files.with_config(config)).check == "Layers"


def test_a_layer_of_a_hundred_million_units_is_refused(files, config):
    config["config"]["layers"].append(layer("Dense", units=100_000_000))

    assert refused(files, files.with_config(config)).check == "Sizes"


@pytest.mark.parametrize("depth", [100, 100_000])
def test_a_configuration_deeper_than_any_model_is_refused(files, depth):
    deep = b'{"class_name": "Model", "config": ' + b"[" * depth + b"]" * depth + b"}"

    assert refused(files, files.keras({"config.json": deep})).check == "Configuration"


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\x80\x04\x95", b'{"class_name": "Dense"'])
def test_a_configuration_that_is_none_is_refused(files, text):
    assert refused(files, files.keras({"config.json": text})).check == "Configuration"


def test_a_text_longer_than_any_name_is_refused(files, config):
    config["config"]["layers"].append(layer("Flatten", data_format="x" * 5_000))

    assert "characters" in refused(files, files.with_config(config)).expected


# --- The archive ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["assets/vocabulary.txt", "../escaped", "config.json"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_too_many_is_refused(files, name):
    path = files.keras({})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"{}")

    assert refused(files, path).check == "Members"


def test_a_member_too_few_is_refused(files, tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", b"{}")

    assert refused(files, path).found == "'config.json'"


def test_a_bomb_is_refused_by_what_it_declares(files):
    zeros = {"model.weights.h5": bytes(100 * 2**20)}
    path = files.keras(zeros, compression=zipfile.ZIP_DEFLATED)

    assert path.stat().st_size < 2**20
    assert "packed at most" in refused(files, path).expected


def test_a_member_that_gives_more_than_it_declares_is_refused(files, shipped):
    path = files.keras({"metadata.json": b" " * 60_000 + b"{}"})
    content = path.read_bytes()
    size = (60_002).to_bytes(4, "little")
    assert content.count(size) == 4  # packed and unpacked, at the member and in the directory
    path.write_bytes(content.replace(size, (50).to_bytes(4, "little")))

    assert refused(files, path).check in {"Format", "Members"}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(files, share):
    path = files.keras({})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refusal = refused(files, path)

    assert refusal.check == "Format"
    assert "damaged" in refusal.advice


def test_one_flipped_bit_is_noticed(files, shipped):
    path = files.keras({})
    content = bytearray(path.read_bytes())
    content[content.index(shipped["model.weights.h5"][-500:])] ^= 1
    path.write_bytes(content)

    assert "CRC" in refused(files, path).found


def test_a_file_saved_by_a_newer_keras_says_so(files):
    path = files.keras({"metadata.json": b'{"keras_version": "9.1.0"}'})
    refusal = refused(files, path)

    assert refusal.check == "Keras"
    assert "a newer Keras, 9.1.0" in refusal.found
    assert "upgrade Keras here" in refusal.advice


# --- HDF5 -----------------------------------------------------------------------------------------


def external_link(file: h5py.File) -> None:
    file["weights"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: h5py.File) -> None:
    file["weights"] = h5py.SoftLink("/elsewhere")


def circle(file: h5py.File) -> None:
    inner = file.create_group("a/b")
    inner["c"] = file["a"]


def external_array(file: h5py.File) -> None:
    file.create_dataset("weights", (8,), "u1", external=[("/etc/passwd", 0, 8)])


def virtual_array(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (8,))
    file.create_virtual_dataset("weights", layout)


def declared_huge(file: h5py.File) -> None:
    file.create_dataset("weights", (2**20, 2**20), "f4")  # 4 TB of which none is written


def many_groups(file: h5py.File) -> None:
    for row in range(hdf5.MAX_OBJECTS + 1):
        file.create_group(str(row))


def deep_groups(file: h5py.File) -> None:
    file.create_group("/".join("x" * 60))


def texts(file: h5py.File) -> None:
    file["words"] = ["a", "b"]


def named_type(file: h5py.File) -> None:
    file["type"] = np.dtype("f4")


def references(file: h5py.File) -> None:
    file.attrs["to"] = file.ref


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (external_link, "an external link"),
        (soft_link, "a soft link"),
        (circle, "twice"),
        (external_array, "in others"),
        (virtual_array, "in others"),
        (declared_huge, "declared"),
        (many_groups, "more"),
        (deep_groups, "deeper"),
        (texts, "object"),
        (named_type, "named type"),
        (references, "object"),
    ],
)
def test_what_no_weights_need_is_refused_in_both_formats(files, tmp_path, fill, words):
    packed = refused(files, files.with_weights(fill))
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
        fill(file)
    bare = refused(files, path)

    assert (packed.check, bare.check) == ("HDF5", "HDF5")
    assert words in packed.found
    assert words in bare.found


def test_weights_alone_are_no_model(files, tmp_path):
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = np.zeros((3, 3), np.float32)
    refusal = refused(files, path)

    assert refusal.found == "weights alone"
    assert "model.save" in refusal.advice


def test_an_h5_file_is_held_to_the_same_list(files, config, tmp_path):
    config["config"]["layers"].append(layer("Lambda"))
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)

    assert refused(files, path).check == "Classes"
