"""A BERT encoder as one ONNX graph with 8-bit weights, written straight from its safetensors.

Written by hand, because it needs no torch, takes two seconds, and gives the graph that is fast: one
node for a layer's attention, one for each sum with layer norm, no padding mask (texts of one call
have equal length), pooling and unit length inside. Weights are symmetric int8 with one scale per
output column, in 7 bits, so that AVX2's 16-bit sums cannot overflow and every CPU gets the same
sums. Activations are quantized per call by ``DynamicQuantizeMatMul``. The table of word vectors has
one scale per word.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WEIGHT_LIMIT = 63
"""Largest absolute value of a quantized weight: 255 * 63 * 2 fits into 16 bits."""
REACH_SD = 4.0
"""Standard deviations that the outputs of a layer norm are taken to reach."""
CONTRIB = "com.microsoft"
OPSETS = {"": 18, CONTRIB: 1}
IR_VERSION = 9


def buildable(config: dict[str, Any]) -> bool:
    """Tell whether ``config.json`` of a transformers model describes the one that we can write."""
    wanted = {"model_type": "bert", "hidden_act": "gelu", "is_decoder": False}
    plain = all(config.get(name, value) == value for name, value in wanted.items())
    return plain and config.get("position_embedding_type", "absolute") == "absolute"


def bert_graph(folder: Path, pooling: str, *, quantized: bool) -> Any:
    """Return the ONNX model of the BERT encoder in ``folder``.

    Its input ``input_ids`` is (texts, tokens), texts of equal length; its output ``vector`` is
    (texts, dimensions), unit rows. ``pooling`` is ``mean`` or ``cls``.
    """
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = {
        name.removeprefix("bert."): values.astype(np.float32)
        for name, values in load_file(folder / "model.safetensors").items()
        if np.issubdtype(values.dtype, np.floating)
    }
    graph = _Graph(weights, config, quantized=quantized)
    state = graph.embeddings()
    for layer in range(config["num_hidden_layers"]):
        state = graph.layer(state, f"encoder.layer.{layer}.")
    return graph.model(graph.pooled(state, pooling), config["hidden_size"])


class _Graph:
    """Collects nodes and constants."""

    def __init__(
        self, weights: dict[str, np.ndarray], config: dict[str, Any], *, quantized: bool
    ) -> None:
        self.weights, self.quantized = weights, quantized
        self.heads: int = config["num_attention_heads"]
        self.epsilon: float = config.get("layer_norm_eps", 1e-12)
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def node(self, kind: str, inputs: list[str], *, domain: str = "", **settings: Any) -> str:
        """Add a node with one output, and return the name of that."""
        return self.nodes_of(kind, inputs, 1, domain=domain, **settings)[0]

    def nodes_of(
        self, kind: str, inputs: list[str], outputs: int, *, domain: str = "", **settings: Any
    ) -> list[str]:
        """Add a node with several outputs, and return their names."""
        from onnx import helper

        names = [f"{kind}_{len(self.nodes)}_{number}" for number in range(outputs)]
        made = helper.make_node(kind, inputs, names, name=names[0], domain=domain, **settings)
        self.nodes.append(made)
        return names

    def constant(self, values: np.ndarray) -> str:
        """Add a constant, and return its name."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def embeddings(self) -> str:
        """Add up word, position and (the first) type vectors, and normalise."""
        name = "embeddings.{}_embeddings.weight".format
        words = self.words(self.weights[name("word")])
        places = self.weights[name("position")] + self.weights[name("token_type")][0]
        zero, axis = self.constant(np.array([0])), self.constant(np.array([0]))
        tokens = self.node("Shape", ["input_ids"], start=1, end=2)
        used = self.node("Slice", [self.constant(places), zero, tokens, axis])
        return self.node(
            "LayerNormalization",
            [self.node("Add", [words, used]), *self.scale_and_shift("embeddings.LayerNorm")],
            axis=-1,
            epsilon=self.epsilon,
        )

    def words(self, table: np.ndarray) -> str:
        """Look up the word vectors."""
        if not self.quantized:
            return self.node("Gather", [self.constant(table), "input_ids"])
        values, scale = _quantized(table, axis=1, limit=127)
        small = self.node("Gather", [self.constant(values), "input_ids"])
        scales = self.node("Gather", [self.constant(scale), "input_ids"])
        return self.node("Mul", [self.node("Cast", [small], to=1), scales])

    def layer(self, state: str, prefix: str) -> str:
        """Add one transformer layer: attention, then two matrix products with GELU between."""
        seen = self.attention(state, prefix)
        state = self.joined(seen, state, f"{prefix}attention.output")
        wide = self.product(*self.evened(state, prefix))
        bias = self.constant(self.weights[f"{prefix}intermediate.dense.bias"])
        active = self.node("BiasGelu", [wide, bias], domain=CONTRIB)
        return self.joined(active, state, f"{prefix}output")

    def evened(self, state: str, prefix: str) -> tuple[str, np.ndarray]:
        """Bring all columns of ``state`` to one size, and undo it in the weight that follows.

        One scale then fits all columns of the quantized activations (SmoothQuant: Xiao et al.,
        ICML 2023), with the sizes that the layer norm itself tells. It halves the loss in the
        products to which it is applied; before the attention it measured worse.
        """
        weight = self.matrix(f"{prefix}intermediate.dense")
        if not self.quantized:
            return state, weight
        scale, shift = self.scale_and_shift_of(f"{prefix}attention.output.LayerNorm")
        reach = REACH_SD * np.abs(scale) + np.abs(shift)
        factor = (reach / np.exp(np.log(reach).mean())).astype(np.float32)
        return self.node("Mul", [state, self.constant(1 / factor)]), weight * factor[:, None]

    def attention(self, state: str, prefix: str) -> str:
        """Add the attention of all heads; query, key and value come from one product."""
        names = [f"{prefix}attention.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self.matrix(name) for name in names], axis=1)
        bias = self.constant(np.concatenate([self.weights[f"{name}.bias"] for name in names]))
        settings: dict[str, Any] = {"domain": CONTRIB, "num_heads": self.heads}
        if not self.quantized:
            return self.node("Attention", [state, self.constant(weight), bias], **settings)
        values, scale = _quantized(weight, axis=0, limit=WEIGHT_LIMIT)
        small, small_scale, small_zero = self.nodes_of("DynamicQuantizeLinear", [state], 3)
        zero = self.constant(np.zeros(weight.shape[1], dtype=np.int8))
        inputs = [small, self.constant(values), bias, small_scale, self.constant(scale[0])]
        return self.node("QAttention", [*inputs, "", small_zero, zero], **settings)

    def joined(self, branch: str, state: str, name: str) -> str:
        """Multiply the branch, add it and its bias to the state, and normalise."""
        product = self.product(branch, self.matrix(f"{name}.dense"))
        bias = self.constant(self.weights[f"{name}.dense.bias"])
        return self.node(
            "SkipLayerNormalization",
            [product, state, *self.scale_and_shift(f"{name}.LayerNorm"), bias],
            domain=CONTRIB,
            epsilon=self.epsilon,
        )

    def product(self, state: str, weight: np.ndarray) -> str:
        """Multiply by a weight matrix of shape (inputs, outputs)."""
        if not self.quantized:
            return self.node("MatMul", [state, self.constant(weight)])
        values, scale = _quantized(weight, axis=0, limit=WEIGHT_LIMIT)
        inputs = [state, self.constant(values), self.constant(scale[0])]
        return self.node("DynamicQuantizeMatMul", inputs, domain=CONTRIB)

    def pooled(self, state: str, pooling: str) -> str:
        """Make one unit vector of the token vectors."""
        one = self.constant(np.array([1]))
        if pooling == "cls":
            vector = self.node("Gather", [state, self.constant(np.array(0))], axis=1)
        else:
            vector = self.node("ReduceMean", [state, one], keepdims=0)
        return self.node("LpNormalization", [vector], axis=1, p=2)

    def matrix(self, name: str) -> np.ndarray:
        """Return a weight matrix as (inputs, outputs)."""
        return self.weights[f"{name}.weight"].T

    def scale_and_shift(self, name: str) -> list[str]:
        """Return the two constants of a layer norm."""
        return [self.constant(values) for values in self.scale_and_shift_of(name)]

    def scale_and_shift_of(self, name: str) -> list[np.ndarray]:
        """Return the two weights of a layer norm."""
        return [self.weights[f"{name}.{part}"] for part in ("weight", "bias")]

    def model(self, output: str, dimensions: int) -> Any:
        """Put everything collected into a model."""
        from onnx import TensorProto, helper

        self.nodes[-1].output[0] = "vector"
        del output
        graph = helper.make_graph(
            self.nodes,
            "bert",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["texts", dimensions])],
            list(self.constants.values()),
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _quantized(matrix: np.ndarray, *, axis: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Return int8 values and the float32 scales, one for each slice along ``axis``."""
    largest = np.abs(matrix).max(axis=axis, keepdims=True)
    scale = (np.where(largest > 0, largest, 1) / limit).astype(np.float32)
    return np.round(matrix / scale).astype(np.int8), scale
