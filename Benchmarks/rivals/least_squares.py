"""Recursive least squares on a spiking network whose factors are fed back, in NumPy and SciPy, in double precision.

One step n of `rls-step` (Workloads/FactorNetworkTraining.swift; DePasquale et al. 2023), S being the neurons that
spike:

    v_inf = c - offset + u y + a + b + u_in F;  v = v_inf + (v - v_inf) e_V;  v[S] = -10
    a = e_s a + J_s S;  b = e_f b + J_f S;  c = e_f c - 60 / N |S|;  s = [e_s s_s + S, e_f s_f + S]
    y = w s;  z = W [y, 1]
    at half of the steps, for (s, w) and ([y, 1], W):
      q = P s;  k = q / (1 + s.q);  P -= q k^T;  w -= (y - target) k^T

The columns of J_s and J_f that belong to S are summed; nothing is multiplied with a vector of zeros and ones. The
product P s and the change of P, nearly all of the work, are done in three ways:

  numpy   P @ s, and P -= outer(q, k) through one buffer that is kept
  ger     BLAS dgemv and dger, in place
  syr     BLAS dsymv and dsyr, which read and write one triangle

--check FILE compares what a trial learns with what Synfire learned from the same state, at the same steps.
"""

import argparse
import json
import math
import os
import resource
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("example", help="written by rls-step --example")
    parser.add_argument("--way", choices=["numpy", "ger", "syr"], default="numpy")
    parser.add_argument("--count", type=int, default=3, help="timed trials")
    parser.add_argument("--steps", type=int, help="of a trial; otherwise all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


OPTIONS = arguments()
# Read when the libraries are loaded.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(OPTIONS.threads)

import numpy as np  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402
from scipy.linalg import blas  # noqa: E402

PART = 50
MEMBRANE, SLOW, FAST = (math.exp(-1 / constant) for constant in (10, 100, 5))


class Decoder:
    """Linear outputs of regressors, learned by recursive least squares."""

    def __init__(self, weights, way):
        self.weights, self.way = weights, way
        count = weights.shape[1]
        # By columns for BLAS, which changes it in place; by rows as the buffer is for NumPy.
        self.inverse = np.eye(count, order="C" if way == "numpy" else "F")
        self.buffer = np.empty((count, count)) if way == "numpy" else None

    def learn(self, regressors, errors):
        inverse = self.inverse
        if self.way == "numpy":
            product = inverse @ regressors
        elif self.way == "ger":
            product = blas.dgemv(1, inverse, regressors)
        else:
            product = blas.dsymv(1, inverse, regressors, lower=1)
        denominator = 1 + regressors @ product
        gain = product / denominator
        if self.way == "numpy":
            np.multiply(product[:, None], gain[None, :], out=self.buffer)
            inverse -= self.buffer
        elif self.way == "ger":
            blas.dger(-1, product, gain, a=inverse, overwrite_a=1)
        else:
            blas.dsyr(-1 / denominator, product, a=inverse, lower=1, overwrite_a=1)
        self.weights -= np.outer(errors, gain)


class Training:
    def __init__(self, tensors, way, steps):
        self.neurons, self.factors = tensors["hidden.encoders"].shape
        neurons = self.neurons
        # Rows of presynaptic neurons lie together.
        self.slow_weights = np.ascontiguousarray(tensors["hidden.recurrent.slow.weights"].T)
        self.fast_weights = np.ascontiguousarray(tensors["hidden.recurrent.fast.weights"].T)
        self.common_weight = tensors["hidden.recurrent.common.weight"][0]
        self.encoders = np.ascontiguousarray(tensors["hidden.encoders"])
        self.input_weights = tensors["hidden.input.weights"][:, 0].copy()
        self.inputs = tensors["inputs"][:steps, 0, 0].copy()
        self.targets = tensors["targets"][:steps, 0].copy()
        self.learns = tensors["learns"][:steps] > 0
        self.offset = tensors["state.offset"].copy()
        self.potential = tensors["state.network.neurons"][0].copy()
        # Of the parts of a current the last one acts.
        self.slow, self.fast, common = (
            tensors[f"state.network.synapses.{name}"][1].copy() for name in ("slow", "fast", "common"))
        self.common = common[0]
        self.traces = tensors["state.network.traces"].copy()
        self.fed_back = tensors["state.feedback"].copy()
        self.decoder = Decoder(tensors["state.factors.weights"].copy(), way)
        self.readout = Decoder(tensors["state.readout.weights"].copy(), "numpy")
        self.sources = np.ones(self.factors + 1)
        assert len(self.traces) == 2 * neurons

    def run(self, learns, first=0):
        """Runs the steps of a trial from the first one on; returns the number of spikes."""
        neurons, factors, spikes = self.neurons, self.factors, 0
        slow_traces, fast_traces = self.traces[:neurons], self.traces[neurons:]
        for step, learning in enumerate(learns, first):
            target = self.encoders @ self.fed_back
            target += self.slow
            target += self.fast
            target -= self.offset
            target += self.common
            if self.inputs[step]:
                target += self.input_weights * self.inputs[step]
            self.potential -= target
            self.potential *= MEMBRANE
            self.potential += target
            events = np.flatnonzero(self.potential >= 1e-16)
            self.slow *= SLOW
            self.fast *= FAST
            self.common = FAST * self.common + self.common_weight * len(events)
            slow_traces *= SLOW
            fast_traces *= FAST
            if len(events):
                self.potential[events] = -10
                self.slow += self.slow_weights[events].sum(0)
                self.fast += self.fast_weights[events].sum(0)
                slow_traces[events] += 1
                fast_traces[events] += 1
                spikes += len(events)
            own = self.decoder.weights @ self.traces
            self.sources[:factors] = own
            output = self.readout.weights @ self.sources
            self.fed_back = own
            if learning:
                self.decoder.learn(self.traces, own - self.targets[step, :factors])
                self.readout.learn(self.sources, output - self.targets[step, factors:])
        return spikes


def main():
    tensors = load_file(OPTIONS.example)
    training = Training(tensors, OPTIONS.way, OPTIONS.steps)
    steps = len(training.inputs)
    if OPTIONS.check:
        spikes = training.run(training.learns)
        errors = {}
        for name, decoder in ("factors", training.decoder), ("readout", training.readout):
            expected = tensors[f"expected.{name}.weights"]
            errors[name] = float(abs(decoder.weights - expected).max() / abs(expected).max())
        rate = spikes / (steps * 1e-3 * training.neurons)
        errors["rate"] = abs(rate / float(tensors["expected.rate"][0]) - 1)
        return print(json.dumps(errors))
    random = np.random.default_rng(0)
    # The first trials take no time to learn from, but fill the matrices, which denormal numbers would slow down.
    training.run(random.random(steps) < 0.5)
    seconds, spikes = [], 0
    for _ in range(OPTIONS.count):
        learns = random.random(steps) < 0.5
        # Parts of a trial, so that the median leaves out what else the machine did.
        for first in range(0, steps, PART):
            part = learns[first : first + PART]
            start = time.perf_counter()
            spikes += training.run(part, first)
            seconds.append((time.perf_counter() - start) / len(part))
    duration = OPTIONS.count * steps * 1e-3
    print(json.dumps({
        "seconds": seconds, "firingRate": spikes / (duration * training.neurons),
        "peakMemory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
