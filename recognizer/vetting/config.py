"""A model's configuration, read as JSON and nothing else: its bounds, and the names in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from recognizer.vetting.allowed import CALLED, CLASSES, MODELS, NAMED
from recognizer.vetting.refusal import RefusedModel

MAX_DEPTH = 48  # a residual block in a model in a model takes about 20
MAX_NODES = 200_000
MAX_LAYERS = 500  # a ResNet-152 has about 450
MAX_TEXT = 4_096  # characters of one string
# Units, filters, sides: what is larger asks for more memory than 20 million parameters.
MAX_SIZE = 1_000_000
# Whose values are any number, and make nothing large.
_NUMBERS = {"seed", "shared_object_id", "value"}


@dataclass(frozen=True)
class Summary:
    """What a configuration holds.

    Attributes:
        num_layers: Layers and operations, each as often as it is called.
        classes: Their names.
    """

    num_layers: int
    classes: list[str]


def check(text: str | bytes, *, is_compilation_read: bool = False) -> Summary:
    """Walk through a configuration before Keras does.

    Args:
        text: JSON in UTF-8, as config.json or the attribute `model_config` has it.
        is_compilation_read: Whether Keras reads `compile_config` although it is asked not to
            compile: from .h5 files it decodes whatever the JSON holds.

    Raises:
        RefusedModel: It is too deep or too large, or names what is not on the list.
    """
    config = _decoded(text)
    if not isinstance(config, dict) or "class_name" not in config:
        raise RefusedModel("Configuration", "that of a Keras model", "something else")
    if not is_compilation_read:
        config.pop("compile_config", None)
    summary = _Walk().through(config)
    if config["class_name"] not in MODELS:
        found = _shown(config["class_name"])
        raise RefusedModel("Configuration", "a Sequential or Functional model", found)
    return summary


def _decoded(text: str | bytes) -> Any:
    try:
        # As UTF-8, which Keras takes it for; from bytes JSON would guess.
        decoded = text.decode() if isinstance(text, bytes) else text
        return json.loads(decoded, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        kind = "too deep" if isinstance(error, RecursionError) else f"none ({error})"
        raise RefusedModel("Configuration", "JSON", kind) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


class _Walk:
    """One way through a configuration, counting what it meets."""

    def __init__(self) -> None:
        self._num_nodes, self._num_layers = 0, 0
        self._classes: set[str] = set()

    def through(self, config: dict[str, Any]) -> Summary:
        # A value, the key that it is at, its depth, and how often what it is part of is called.
        left: list[tuple[Any, str, int, int]] = [(config, "", 1, 1)]
        while left:
            node, key, depth, times = left.pop()
            self._count_node(depth)
            if isinstance(node, dict):
                if "class_name" in node:
                    times *= _num_calls(node)
                    self._count_class(_check_class(node), times)
                left += [(value, name, depth + 1, times) for name, value in node.items()]
            elif isinstance(node, list):
                left += [(value, key, depth + 1, times) for value in node]
            else:
                _check_value(node, key)
        return Summary(self._num_layers, sorted(self._classes))

    def _count_node(self, depth: int) -> None:
        self._num_nodes += 1
        if self._num_nodes > MAX_NODES:
            raise RefusedModel("Configuration", f"at most {MAX_NODES:,} values", "more")
        if depth > MAX_DEPTH:
            raise RefusedModel("Configuration", f"at most {MAX_DEPTH} levels", "more")

    def _count_class(self, name: str, times: int) -> None:
        self._classes.add(name)
        if name in CALLED:
            self._num_layers += times
        if self._num_layers > MAX_LAYERS:
            most = f"at most {MAX_LAYERS}, each as often as it is called"
            raise RefusedModel("Layers", most, "more")


def _num_calls(node: dict[str, Any]) -> int:
    """Tell how often a layer is called: a model that is called ten times in one that is, …"""
    calls = node.get("inbound_nodes")
    return max(1, len(calls)) if isinstance(calls, list) else 1


def _check_class(node: dict[str, Any]) -> str:
    """Check what a node says it is: its class, its module, and that nobody registered it."""
    name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    modules = CLASSES.get(name, set()) if isinstance(name, str) else set()
    # Files of before Keras 3 say no module: then Keras looks among its own.
    is_of_them = module is None or (isinstance(module, str) and module in modules)
    if modules and is_of_them and registered in (None, "", name):
        return str(name)
    whole = f"{module}.{name}" if module else f"{name}"
    raise RefusedModel(
        "Classes",
        "Keras's own layers that only compute",
        _shown(registered if registered not in (None, "", name) else whole),
        _ADVICE.get(str(name), "Build the model of Keras's built-in layers, and save it again."),
    )


_CODE = "It holds code of its own, which is never run here: say the same with built-in layers."
_ADVICE = {"Lambda": _CODE, "__lambda__": _CODE, "function": _CODE}


def _check_value(value: Any, key: str) -> None:
    if isinstance(value, str):
        _check_text(value, key)
    elif isinstance(value, int | float) and key not in _NUMBERS and abs(value) > MAX_SIZE:
        found = f"{_shown(value)} at {_shown(key)}"
        raise RefusedModel("Sizes", f"numbers of at most {MAX_SIZE:,}", found)


def _check_text(value: str, key: str) -> None:
    if len(value) > MAX_TEXT:
        found = f"{len(value):,} at {_shown(key)}"
        raise RefusedModel("Configuration", f"at most {MAX_TEXT:,} characters a text", found)
    for ending, (check, names) in NAMED.items():
        if key.endswith(ending) and value not in names:
            raise RefusedModel(
                check,
                "one of Keras's own",
                _shown(value),
                "Name one that comes with Keras, and save the model again.",
            )


def _shown(value: Any) -> str:
    """Show what a file says, short enough for a sentence."""
    text = str(value)
    return repr(text if len(text) <= 80 else text[:79] + "…")
