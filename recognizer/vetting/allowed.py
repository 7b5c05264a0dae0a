"""What a model's configuration may name: Keras's own layers that compute, and nothing that loads,
imports or holds code.

Not on the list, on purpose: Lambda (code), TFSMLayer and FlaxLayer, JaxLayer (foreign graphs),
StringLookup, IntegerLookup, TextVectorization (read files), and whatever is registered by others.
"""

from __future__ import annotations

import re

MODELS = {"Sequential", "Functional", "Model"}
LAYERS = {
    "InputLayer",
    # Weights.
    *("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv1DTranspose", "Conv2DTranspose"),
    *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    # Sequences of rows.
    *("LSTM", "GRU", "SimpleRNN", "RNN", "LSTMCell", "GRUCell", "SimpleRNNCell"),
    *("StackedRNNCells", "Bidirectional", "TimeDistributed", "ConvLSTM1D", "ConvLSTM2D"),
    *("MultiHeadAttention", "GroupedQueryAttention", "GroupQueryAttention", "Attention"),
    "AdditiveAttention",
    # Pooling.
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    # Normalisation, and what learning alone uses.
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"),
    *("RMSNormalization", "SpectralNormalization", "Normalization", "Rescaling"),
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout"),
    *("GaussianDropout", "GaussianNoise", "ActivityRegularization"),
    *("RandomRotation", "RandomTranslation", "RandomZoom", "RandomContrast", "RandomBrightness"),
    *("RandomShear", "RandomPerspective", "RandomErasing", "RandomElasticTransform"),
    *("RandomGaussianBlur", "RandomCrop", "RandomInvert"),
    # Shapes.
    *("Flatten", "Reshape", "Permute", "RepeatVector", "Masking", "Identity"),
    *("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "UpSampling1D"),
    *("UpSampling2D", "Resizing", "CenterCrop"),
    # Merging.
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
    # Activations.
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU"),
}
_INITIALIZERS = {
    *("Zeros", "Ones", "Constant", "Identity", "IdentityInitializer", "Orthogonal"),
    *("OrthogonalInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal"),
    *("VarianceScaling", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"),
    *("LecunNormal", "LecunUniform"),
}
_REGULARIZERS = {"L1", "L2", "L1L2", "OrthogonalRegularizer"}
_CONSTRAINTS = {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}
_POLICIES = {"DTypePolicy", "Policy"}
_SEEDS = {"SeedGenerator"}
# Operations on the tensors between layers, as `x / 255` leaves them.
_OPERATIONS = {
    *("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative", "Power", "Square"),
    *("Sqrt", "Abs", "Absolute", "Exp", "Log", "Maximum", "Minimum", "Clip", "Matmul"),
    *("Mean", "Sum", "Max", "Min", "Reshape", "Squeeze", "ExpandDims", "Transpose"),
    *("Concatenate", "Stack", "Flip", "Pad", "GetItem", "Cast"),
}
_NN_OPERATIONS = {
    *("Softmax", "LogSoftmax", "Relu", "Relu6", "Sigmoid", "Tanh", "Gelu", "Silu", "Elu", "Selu"),
    *("LeakyRelu", "Softplus", "Softsign", "HardSigmoid", "HardSilu", "MaxPool", "AveragePool"),
}
# What stands in JSON for values that JSON has not: `x[:, 2:]` and constants, tuples and shapes.
_VALUES = {
    *("__keras_tensor__", "__slice__", "__ellipsis__", "__numpy__", "__tensor__", "__tuple__"),
    "TensorShape",
}
# What is called, and so takes time and memory each time.
CALLED = LAYERS | _OPERATIONS | _NN_OPERATIONS

# A class's name → the modules that it may be said to be of.
CLASSES: dict[str, set[str]] = {}
for _names, _modules in (
    (MODELS, {"keras", "keras.models"}),
    ({"Functional"}, {"keras.src.models.functional", "keras.src.engine.functional"}),
    ({"Sequential"}, {"keras.src.models.sequential", "keras.src.engine.sequential"}),
    (LAYERS, {"keras.layers"}),
    (_INITIALIZERS, {"keras.initializers"}),
    (_REGULARIZERS, {"keras.regularizers"}),
    (_CONSTRAINTS, {"keras.constraints"}),
    (_POLICIES, {"keras", "keras.mixed_precision", "keras.dtype_policies"}),
    (_SEEDS, {"keras.random"}),
    (_OPERATIONS, {"keras.src.ops.numpy", "keras.src.ops.core"}),
    (_NN_OPERATIONS, {"keras.src.ops.nn"}),
    (_VALUES, {"builtins"}),
):
    for _name in _names:
        CLASSES.setdefault(_name, set()).update(_modules)

_ACTIVATIONS = {
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "glu", "silu"),
    *("swish", "mish", "softmax", "log_softmax", "softplus", "softsign", "sigmoid"),
    *("log_sigmoid", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "hard_shrink"),
    *("soft_shrink", "tanh", "tanh_shrink", "exponential", "squareplus", "threshold"),
    *("sparsemax", "sparse_plus", "sparse_sigmoid"),
}
_DTYPES = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"),
}


def _with_snake_case(names: set[str]) -> set[str]:
    """Add the names as functions have them: GlorotUniform, and glorot_uniform."""
    return names | {re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in names}


# The ending of a key → the check's name, and the texts that may stand there: Keras looks them up.
NAMED = {
    "activation": ("Activations", _ACTIVATIONS),
    "initializer": (
        "Initializers",
        _with_snake_case(_INITIALIZERS) | {"zero", "one", "normal", "uniform"},
    ),
    "regularizer": ("Regularizers", _with_snake_case(_REGULARIZERS) | {"l1_l2"}),
    "constraint": ("Constraints", _with_snake_case(_CONSTRAINTS)),
    "dtype": ("Types", _DTYPES),
}
