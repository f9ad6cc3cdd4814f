"""Runs inside the other package's environment: times its layers for `other.Other`, one JSON line a request.

It knows the package from outside only: names, signatures, what a call takes. It imports nothing of ours.
"""

import importlib.metadata
import json
import sys
import time


def versions():
    found = {}
    for name in ("sc-neurocore", "sc-neurocore-engine", "numpy"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def make(name, n_inputs, n_neurons, length, batch):
    """A function without arguments, and the images it takes."""
    import numpy as np

    x = np.random.default_rng(1).random((batch, n_inputs))
    if name == "other package":
        from sc_neurocore.layers.vectorized_layer import VectorizedSCLayer

        layer = VectorizedSCLayer(n_inputs, n_neurons, length, use_gpu=False)
        layer.forward(x[0])
        return (lambda: layer.forward(x[0])), 1  # one image a call: its layer takes no batch
    from sc_neurocore_engine import VectorizedSCLayer

    layer = VectorizedSCLayer(n_inputs, n_neurons, length)
    run = (lambda: layer.forward_numpy(x[0])) if batch == 1 else (lambda: layer.forward_batch_numpy(x))
    if np.asarray(run()).size != batch * n_neurons:
        raise ValueError("unexpected shape")
    return run, batch


def main():
    replies, sys.stdout = sys.stdout, sys.stderr
    cases = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "versions":
                reply = {"versions": versions()}
            elif request["do"] == "make":
                key = str(request["case"])
                cases[key] = make(*request["case"])
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
