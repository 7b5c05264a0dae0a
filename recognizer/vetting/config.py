"""A model's configuration, read as JSON and nothing else: its bounds, and the names in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from recognizer.vetting.allowed import ACTIVATIONS, CLASSES, LAYERS
from recognizer.vetting.refusal import RefusedModel

MAX_DEPTH = 48  # a residual block in a model in a model takes about 20
MAX_NODES = 200_000
MAX_LAYERS = 500  # a ResNet-152 has about 450
MAX_TEXT = 4_096  # characters of one string
# Units, filters, sides: what is larger asks for more memory than 20 million parameters.
MAX_SIZE = 1_000_000
# Whose values are any number, and make nothing large.
_NUMBERS = {"seed", "shared_object_id"}


@dataclass(frozen=True)
class Summary:
    """What a configuration holds: how many layers, and of which classes."""

    num_layers: int
    classes: list[str]


def check(text: str | bytes) -> Summary:
    """Walk through a configuration before Keras does.

    Args:
        text: JSON, as config.json or the attribute `model_config` has it.

    Raises:
        RefusedModel: It is too deep or too large, or names what is not on the list.
    """
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "too deep" if isinstance(error, RecursionError) else f"none ({error})"
        raise RefusedModel("Configuration", "JSON", kind) from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise RefusedModel("Configuration", "that of a Keras model", "something else")
    config.pop("compile_config", None)  # never read: models are loaded without it
    return _walk(config)


def _walk(config: dict[str, Any]) -> Summary:
    num_nodes, classes, num_layers = 0, set(), 0
    left: list[tuple[Any, str, int]] = [(config, "", 1)]
    while left:
        node, key, depth = left.pop()
        num_nodes += 1
        if num_nodes > MAX_NODES:
            raise RefusedModel("Configuration", f"at most {MAX_NODES:,} values", "more")
        if depth > MAX_DEPTH:
            raise RefusedModel("Configuration", f"at most {MAX_DEPTH} levels", "more")
        if isinstance(node, dict):
            if "class_name" in node:
                name = _check_class(node)
                classes.add(name)
                num_layers += name in LAYERS
                if num_layers > MAX_LAYERS:
                    raise RefusedModel("Layers", f"at most {MAX_LAYERS}", "more")
            left += [(value, name, depth + 1) for name, value in node.items()]
        elif isinstance(node, list):
            left += [(value, key, depth + 1) for value in node]
        else:
            _check_value(node, key)
    return Summary(num_layers, sorted(classes))


def _check_class(node: dict[str, Any]) -> str:
    """Check what a node says it is: its class, its module, and that nobody registered it."""
    name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    is_keras_own = isinstance(name, str) and registered in (None, "", name)
    # Files of before Keras 3 say no module: then Keras looks among its own.
    if is_keras_own and name in CLASSES and (module is None or module in CLASSES[name]):
        return str(name)
    whole = f"{module}.{name}" if module else f"{name}"
    raise RefusedModel(
        "Classes",
        "Keras's own layers that only compute",
        _shown(f"{registered}" if registered not in (None, "", name) else whole),
        _ADVICE.get(str(name), "Build the model of Keras's built-in layers, and save it again."),
    )


_CODE = "It holds code of its own, which is never run here: say the same with built-in layers."
_ADVICE = {"Lambda": _CODE, "__lambda__": _CODE, "function": _CODE}


def _check_value(value: Any, key: str) -> None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            found = f"{len(value):,} at {_shown(key)}"
            raise RefusedModel("Configuration", f"at most {MAX_TEXT:,} characters a text", found)
        if key.endswith("activation") and value not in ACTIVATIONS:
            raise RefusedModel(
                "Activations",
                "one of Keras's own",
                _shown(value),
                "Name a built-in activation, and save the model again.",
            )
    elif isinstance(value, int | float) and key not in _NUMBERS and abs(value) > MAX_SIZE:
        found = f"{_shown(str(value))} at {_shown(key)}"
        raise RefusedModel("Sizes", f"numbers of at most {MAX_SIZE:,}", found)


def _shown(text: str) -> str:
    """Show what a file says, short enough for a sentence."""
    return repr(text if len(text) <= 80 else text[:79] + "…")
