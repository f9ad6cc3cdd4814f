"""Runs in a peer's environment, and in ours: makes and times what `peers` asks for, one JSON line a request.

The other package is known from outside only: the names and signatures of its documented page, which this library's
layers have too, so that one program times both. It imports nothing of `benchmarks`.
"""

import importlib
import importlib.metadata
import json
import sys
import time

import numpy as np

DISTRIBUTIONS = ("sc-neurocore", "sc-neurocore-layers", "sc-neurocore-engine", "torch", "numpy")


def versions():
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def layer(module, name):
    return getattr(importlib.import_module(f"sc_neurocore.layers.{module}"), name)


def one_image(n_inputs, n_neurons, length, batch):
    """The dense layer of the other package: it takes one image a call."""
    made = layer("vectorized_layer", "VectorizedSCLayer")(n_inputs, n_neurons, length, use_gpu=False)
    x = np.random.default_rng(1).random(n_inputs)
    made.forward(x)
    return lambda: made.forward(x), 1


def engine(n_inputs, n_neurons, length, batch):
    """The compiled dense layer of its engine."""
    made = importlib.import_module("sc_neurocore_engine").VectorizedSCLayer(n_inputs, n_neurons, length)
    x = np.random.default_rng(1).random((batch, n_inputs))
    run = (lambda: made.forward_numpy(x[0])) if batch == 1 else (lambda: made.forward_batch_numpy(x))
    if np.asarray(run()).size != batch * n_neurons:
        raise ValueError("unexpected shape")
    return run, batch


def torch_float(n_inputs, n_neurons, length, batch):
    """A float32 linear layer on the CPU."""
    torch = importlib.import_module("torch")
    linear = torch.nn.Linear(n_inputs, n_neurons)
    x = torch.rand(batch, n_inputs)

    def run():
        with torch.inference_mode():
            return linear(x)

    return run, batch


def unarysim(n_inputs, n_neurons, length, batch):
    """UnarySim's linear layer, a clock cycle a call, on bits that are there."""
    torch = importlib.import_module("torch")
    linear = importlib.import_module("UnarySim.kernel.linear").FSULinear
    width = max(1, (length - 1).bit_length())
    options = {"width": width, "mode": "unipolar", "scale": None, "depth": width + 2, "rng": "Sobol", "dimr": 1}
    weights = torch.rand(n_neurons, n_inputs)
    made = linear(n_inputs, n_neurons, bias=False, weight_ext=weights, hwcfg=options)
    bits = (torch.rand(length, batch, n_inputs) < 0.5).type(torch.float)

    def run():
        with torch.inference_mode():
            return sum(made(cycle) for cycle in bits)

    return run, batch


def dense(n_neurons=100, n_inputs=10):
    """Spiking neurons, from rest."""
    x, weights = np.random.default_rng(1).random((2, n_inputs))
    made = layer("sc_dense_layer", "SCDenseLayer")(
        n_neurons=n_neurons, x_inputs=x, weight_values=weights, x_min=0.0, x_max=1.0, w_min=0.0, w_max=1.0, length=256
    )
    return lambda: (made.reset(), made.run(T=256))


def call(module, name, method, shapes, *arguments, **keywords):
    """A layer and one call of it with random arrays of these shapes."""
    made, rng = layer(module, name)(*arguments, **keywords), np.random.default_rng(1)
    run, arrays = getattr(made, method), [rng.random(shape) for shape in shapes]
    return lambda: np.asarray(run(*arrays))


def fusion(n=64):
    made, (a, b) = layer("fusion", "SCFusionLayer")({"a": n, "b": n}, {"a": 0.7, "b": 0.3}), np.full((2, n), 0.5)
    return lambda: made.forward({"a": a, "b": b})


def attention(n=16):
    made = layer("attention", "StochasticAttention")(n)
    q, k, v = np.random.default_rng(1).random((3, n, n))
    return lambda: made.forward_bitstream(q, k, v, 256)


DOCUMENTED = {
    "SCDenseLayer": dense,
    "VectorizedSCLayer": lambda: call("vectorized_layer", "VectorizedSCLayer", "forward", [64], 64, 32),
    "SCConv2DLayer": lambda: call("sc_conv_layer", "SCConv2DLayer", "forward", [(1, 8, 8)], 1, 2, 3, padding=1),
    "SCRecurrentLayer": lambda: call("recurrent", "SCRecurrentLayer", "step", [3], 3, 100, seed=0),
    "SCLearningLayer": lambda: call(
        "sc_learning_layer", "SCLearningLayer", "run_epoch", [16], 16, 4, length=256, base_seed=1
    ),
    "SCFusionLayer": fusion,
    "StochasticAttention": attention,
    "MemristiveDenseLayer": lambda: call("memristive", "MemristiveDenseLayer", "forward", [64], 64, 32),
    "JaxSCDenseLayer": lambda: call("jax_dense_layer", "JaxSCDenseLayer", "step", [1000], 1000, 1, seed=0),
    "HardwareAwareSCLayer": lambda: call("hardware_aware", "HardwareAwareSCLayer", "forward", [64], 64, 32),
    "PredictiveCodingSCLayer": lambda: call(
        "predictive_coding", "PredictiveCodingSCLayer", "forward", [64], 64, 32, seed=0
    ),
    "RallDendrite": lambda: call("rall_dendrite", "RallDendrite", "step", [16], 16, 16),
    "LateralInhibition": lambda: call("circuit_primitives", "LateralInhibition", "apply", [1000], 1000),
    "WinnerTakeAll": lambda: call("circuit_primitives", "WinnerTakeAll", "apply", [1000], 1000),
}
"""The fourteen layers, each with a call as its documented page makes it."""
KINDS = {"package": one_image, "engine": engine, "torch": torch_float, "unarysim": unarysim}


def make(kind, *arguments):
    """A function without arguments, and the images it takes."""
    if kind == "documented":
        return DOCUMENTED[arguments[0]](), 1
    return KINDS[kind](*arguments)


def main():
    replies, sys.stdout = sys.stdout, sys.stderr
    sys.path.extend(sys.argv[1:])
    cases = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "versions":
                reply = {"versions": versions()}
            elif request["do"] == "make":
                key = str(request["case"])
                cases[key] = make(*request["case"])
                cases[key][0]()
                reply = {"images": cases[key][1]}
            else:
                run = cases[str(request["case"])][0]
                start = time.perf_counter_ns()
                for _ in range(request["calls"]):
                    run()
                reply = {"ns": time.perf_counter_ns() - start}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
