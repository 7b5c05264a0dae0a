"""The life of a model version, over model files and tables: register, check, activate, compare."""

from recognizer.registry.activation import (
    InUse,
    activate,
    bring_back,
    end_shadow,
    retire,
    roll_back,
    shadow,
)
from recognizer.registry.checking import vet
from recognizer.registry.gate import ActivationRefused, BreaksMore, begin_replay, is_better, replay
from recognizer.registry.registration import (
    PASSPORT_NAME,
    SHIPPED_MODEL,
    AlreadyRegistered,
    register,
    register_shipped,
    take,
)
from recognizer.vetting import RefusedModel

__all__ = [
    "PASSPORT_NAME",
    "SHIPPED_MODEL",
    "ActivationRefused",
    "AlreadyRegistered",
    "BreaksMore",
    "InUse",
    "RefusedModel",
    "activate",
    "begin_replay",
    "bring_back",
    "end_shadow",
    "is_better",
    "register",
    "register_shipped",
    "replay",
    "retire",
    "roll_back",
    "shadow",
    "take",
    "vet",
]
