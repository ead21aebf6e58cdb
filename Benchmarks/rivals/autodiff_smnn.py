"""Spiking mode-based networks by automatic differentiation: an independent check of `synfire gradient`.

The equations of Lin & Huang (2024) in float64 and nothing else: no engine shares a line with Synfire.

  autodiff_smnn.py worked-example
      the 3-neuron example of smnn-example.json: loss, states and gradients, to the digits given
  autodiff_smnn.py compare SYNFIRE --cases 20 [--precision double]
      random networks and trials through `SYNFIRE gradient` and through automatic differentiation
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch

torch.set_default_dtype(torch.float64)
NAMES = [
    "hidden.input.weights",
    "hidden.recurrent.inputModes",
    "hidden.recurrent.outputModes",
    "hidden.recurrent.scores",
    "readout.weights",
]
DECAY, RISE = math.exp(-2 / 30), math.exp(-2 / 2)


class FastSigmoidSpike(torch.autograd.Function):
    @staticmethod
    def forward(context, potential):
        context.save_for_backward(potential)
        return (potential > 1).to(potential.dtype)

    @staticmethod
    def backward(context, gradient):
        (potential,) = context.saved_tensors
        return gradient / (1 + 25 * (potential - 1).abs()) ** 2


def simulate(parameters, inputs, spike_filter):
    """inputs [time, trial, channel] -> currents, potentials, spikes, activities [time, trial, neuron]"""
    w_in, xi_in, xi_out, scores, _ = (parameters[name] for name in NAMES)
    a_s, a_m = math.exp(-2 / 10), math.exp(-2 / 20)
    shape = (inputs.shape[1], w_in.shape[0])
    current, potential, spikes, rise, activity = (torch.zeros(shape) for _ in range(5))
    held = torch.zeros(shape, dtype=torch.long)
    states = []
    for x in inputs:
        recurrent = (activity @ xi_out * scores) @ xi_in.T
        current = a_s * current + x @ w_in.T + recurrent
        candidate = a_m * potential + (1 - a_m) * current
        potential = (held == 0) * candidate * (1 - spikes)
        if spike_filter == "single":
            activity = DECAY * activity + 2 / 30 * spikes
        else:
            rise = RISE * rise + spikes
            gain = 1 - DECAY if spike_filter == "unit-gain" else 2 / 30
            activity = DECAY * activity + gain * rise
        spikes = FastSigmoidSpike.apply(potential)
        held = torch.where(spikes.detach() > 0, 5, (held - 1).clamp(min=0))
        states.append((current, potential, spikes, activity))
    return [torch.stack(state) for state in zip(*states)]


def loss_of(readout, targets, loss):
    if loss == "root-sum-squares":
        return (readout - targets).square().sum().sqrt()
    if loss == "cross-entropy":
        return torch.nn.functional.cross_entropy(readout, targets)
    return torch.nn.functional.cross_entropy(torch.softmax(readout, 1), targets)


def gradient(parameters, inputs, targets, spike_filter, loss):
    parameters = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    current, potential, spikes, activity = simulate(parameters, inputs, spike_filter)
    if loss != "root-sum-squares":
        # The first time of the maximum: torch gives the gradient of a tie to any of its times.
        first = activity.detach().argmax(0, keepdim=True)
        activity_read = activity.gather(0, first)[0]
    else:
        activity_read = activity
    readout = activity_read @ parameters["readout.weights"].T
    value = loss_of(readout, targets, loss)
    value.backward()
    return {
        "loss": value.detach(),
        "readout": readout.detach(),
        "current": current.detach(),
        "potentials": potential.detach(),
        "spikes": spikes.detach(),
        "activity": activity.detach(),
        **{name: parameters[name].grad for name in NAMES},
    }


# ---------------------------------------------------------------- the worked example


def worked_example():
    example = json.loads((Path(__file__).parent / "smnn-example.json").read_text())
    parameters = {name: torch.tensor(example["parameters"][name]) for name in NAMES}
    inputs = torch.tensor(example["inputs"])[:, None, :]
    targets = torch.tensor(example["targets"])[:, None, None]
    failed = False
    for spike_filter, expected in example["filters"].items():
        result = gradient(parameters, inputs, targets, spike_filter, "root-sum-squares")
        for name, value in expected.items():
            value = torch.tensor(value)
            got = result[name].reshape(value.shape)
            # Printed digits: 10 decimals of the states, 11 significant digits of the gradients.
            error = ((got - value).abs() / value.abs().clamp(min=1)).max().item()
            relative = ((got - value).norm() / value.norm().clamp(min=1e-300)).item()
            failed |= error > 1e-10 or relative > 1e-9
            print(f"{spike_filter:10} {name:30} absolute {error:.1e}  relative {relative:.1e}")
    logits = torch.tensor([[1.2, -0.3, 0.5]], requires_grad=True)
    value = loss_of(logits, torch.tensor([2]), "cross-entropy-on-probabilities")
    value.backward()
    errors = torch.tensor([
        value.item() - 1.1609825323045766,
        *(logits.grad[0] - torch.tensor([0.197304649995, 0.024231764583, -0.221536414578])),
    ]).abs().max().item()
    print(f"cross-entropy on probabilities: {errors:.1e}")
    return failed or errors > 1e-10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("worked-example")
    compare_parser = commands.add_parser("compare")
    compare_parser.add_argument("synfire", help="path of the program")
    compare_parser.add_argument("--cases", type=int, default=20)
    compare_parser.add_argument("--seed", type=int, default=0)
    compare_parser.add_argument("--precision", choices=["single", "double"], default="double")
    options = parser.parse_args()
    if options.command == "worked-example":
        sys.exit(worked_example())
    sys.exit(compare(options))


if __name__ == "__main__":
    main()
