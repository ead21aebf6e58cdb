"""One step of the environment of a population of networks of single bits, in JAX, as the code of Wang et al. (2023)
computes it: boolean matrices, spikes as int8, the state in float32, a scan over the 33 sub-steps, vmap over the
population, all compiled; the equations of `ec-step` (Workloads/EvolvedPopulation.swift):

    i_in = R_in [x, -x] W_in
    i = a_s i + R_h (s W_h);  v = a_m v + (1 - a_m) (i + i_in);  spike and v = 0 where v > 1;  s = signed spikes
    r = a_o r + (1 - a_o) s / dt;  action = R_out (r W_out)

--check FILE compares the answers of the members that `ec-step --example` wrote.
"""

import argparse
import json
import math
import os
import resource
import time

SUB_STEPS, TIME_STEP = 33, 0.5
SYNAPSE, MEMBRANE = math.exp(-TIME_STEP / 5), math.exp(-TIME_STEP / 10)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, help="population, observations, neurons, actions")
    parser.add_argument("--check", metavar="FILE")
    parser.add_argument("--count", type=int, default=10, help="timed steps")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


OPTIONS = arguments()
# XLA has as many threads as there are processors for it.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: OPTIONS.threads])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy  # noqa: E402


def network(observations, neurons):
    """One step of the environment of one member."""
    input_scale = 0.1 * 10 * math.sqrt(2 / (0.5 * observations))
    recurrent_scale = 2 * math.sqrt(2 / (0.5 * neurons))
    output_scale = 5 * math.sqrt(1 / (0.5 * neurons))
    signs = jnp.where(jnp.arange(neurons) < round(neurons / 2), 1, -1).astype(jnp.int8)

    def step(connections, state, observation):
        of_input, recurrent, of_output = connections
        mirrored = jnp.concatenate([observation, -observation])
        constant = input_scale * (mirrored @ of_input.astype(jnp.float32))

        def sub_step(state, _):
            v, i, r, spikes = state
            drive = jax.lax.dot(spikes, recurrent.astype(jnp.int8), preferred_element_type=jnp.int32)
            i = SYNAPSE * i + recurrent_scale * drive.astype(jnp.float32)
            v = MEMBRANE * v + (1 - MEMBRANE) * (i + constant)
            fires = v > 1
            v = jnp.where(fires, 0, v)
            spikes = jnp.where(fires, signs, 0).astype(jnp.int8)
            r = MEMBRANE * r + (1 - MEMBRANE) * spikes / TIME_STEP
            return (v, i, r, spikes), None

        state, _ = jax.lax.scan(sub_step, state, None, length=SUB_STEPS)
        return state, output_scale * (state[2] @ of_output.astype(jnp.float32))

    return jax.jit(jax.vmap(step))


def initial(potentials):
    zeros = jnp.zeros_like(potentials)
    return potentials, zeros, zeros, zeros.astype(jnp.int8)


def check(path):
    from safetensors.numpy import load_file

    tensors = load_file(path)
    connections = [
        jnp.asarray(tensors[name + ".probabilities"].transpose(0, 2, 1) > 0.5)
        for name in ("hidden.input", "hidden.recurrent", "readout")]
    state = initial(jnp.asarray(tensors["potentials"]))
    step = network(tensors["observations"].shape[2], connections[1].shape[1])
    error, largest = 0.0, float(abs(tensors["expected"]).max())
    for observation, expected in zip(tensors["observations"], tensors["expected"]):
        state, action = step(connections, state, jnp.asarray(observation))
        error = max(error, float(abs(numpy.asarray(action) - expected).max()))
    print(json.dumps({"actions": error / largest}))


def main():
    if OPTIONS.check:
        return check(OPTIONS.check)
    population, observations, neurons, actions = OPTIONS.sizes
    keys = jax.random.split(jax.random.PRNGKey(0), 5)
    connections = [
        jax.random.bernoulli(key, 0.5, (population, *shape))
        for key, shape in zip(keys, [(2 * observations, neurons), (neurons, neurons), (neurons, actions)])]
    state = initial(jax.random.uniform(keys[3], (population, neurons)))
    step = network(observations, neurons)
    random = numpy.random.default_rng(0)
    seconds = []
    for _ in range(OPTIONS.count + 2):
        seen = jnp.asarray(random.standard_normal((population, observations), dtype=numpy.float32))
        start = time.perf_counter()
        state, action = step(connections, state, seen)
        action.block_until_ready()
        seconds.append((time.perf_counter() - start) / population)
    rate = float(jnp.mean(abs(state[2]))) * 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds[2:], "firingRate": rate, "peakMemory": peak}))


if __name__ == "__main__":
    main()
