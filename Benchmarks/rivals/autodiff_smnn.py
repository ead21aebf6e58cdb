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


# ---------------------------------------------------------------- random networks


def random_case(random, single):
    """A network, its experiment and trials; every number is one that float32 holds exactly.

    Two lone spikes of a neuron leave peaks that are equal but for what remains of the first at the
    second, 1e-9 of a peak after 0.6 s. Which of them is the maximum over time is lost on single
    precision, which is therefore given digits of at most 0.3 s.
    """
    digits = bool(random.integers(2))
    channels, outputs = (784, 10) if digits else (4, 1)
    neurons, modes = int(random.integers(2, 101)), int(random.integers(1, 31))
    most = 150 if single and digits else 500
    steps, trials = int(random.integers(50, most + 1)), int(random.integers(1, 65))
    spike_filter = str(random.choice(["single", "unit-gain", "unit-area"]))
    kinds = ["cross-entropy", "cross-entropy-on-probabilities"]
    loss = str(random.choice(kinds)) if digits else "root-sum-squares"

    def normal(*shape, std):
        return random.normal(0, std, shape).astype(numpy.float32).astype(float)

    arrays = [
        normal(neurons, channels, std=random.uniform(1, 3) / math.sqrt(channels)),
        normal(neurons, modes, std=modes**-0.5),
        normal(neurons, modes, std=modes**-0.5),
        normal(modes, std=random.uniform(0.5, 3) / math.sqrt(neurons)),
        normal(outputs, neurons, std=neurons**-0.5),
    ]
    if digits:
        inputs = (random.random((steps, trials, channels)) < 0.12).astype(float)
        targets = random.integers(0, outputs, trials)
    else:
        inputs = normal(steps, trials, channels, std=1) + 0.5
        targets = numpy.sign(normal(1, trials, outputs, std=1)) + numpy.zeros((steps, 1, 1))
    filters = {
        "single": "{kind: exponential, decay: 30 ms}",
        **{form: "{kind: double-exponential, decay: 30 ms, rise: 2 ms, normalization: %s}" % form
           for form in ["unit-gain", "unit-area"]},
    }
    settings = [f"neurons={neurons}", f"modes={modes}", f"filter={filters[spike_filter]}",
                f"learning.loss={loss}"]
    experiment = "smnn/mnist" if digits else "smnn/context"
    text = f"{experiment} N={neurons} P={modes} T={steps} B={trials} {spike_filter} {loss}"
    return dict(zip(NAMES, arrays)), inputs, targets, spike_filter, loss, experiment, settings, text


def relative(a, b):
    return numpy.linalg.norm(a - b) / max(numpy.linalg.norm(b), 1e-300)


def compare(options):
    bound = 1e-10 if options.precision == "double" else 2e-4
    worst, flipped = 0.0, 0
    cases = range(options.cases) if options.only is None else [options.only]
    for case in cases:
        random = numpy.random.default_rng([options.seed, case])
        parameters, inputs, targets, spike_filter, loss, experiment, settings, text = (
            random_case(random, single=options.precision == "single"))
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            numpy.savez(folder / "parameters.npz", **parameters)
            numpy.savez(folder / "trials.npz", inputs=inputs, targets=targets)
            subprocess.run(
                [options.synfire, "gradient", experiment,
                 *(part for setting in settings for part in ("--set", setting)),
                 "--parameters", folder / "parameters.npz", "--trials", folder / "trials.npz",
                 "--output", folder / "gradient.npz", "--precision", options.precision],
                check=True)
            ours = dict(numpy.load(folder / "gradient.npz"))
        exact = gradient(
            {name: torch.tensor(value) for name, value in parameters.items()},
            torch.tensor(inputs), torch.tensor(targets), spike_filter, loss)
        exact = {name: value.numpy() for name, value in exact.items()}
        differing = int((ours["spikes"] != exact["spikes"]).sum())
        rate = exact["spikes"].mean() / 0.002
        if differing:  # a potential within rounding of threshold; what follows is another network
            flipped += 1
            print(f"{text}: {rate:.1f} Hz, {differing} spikes differ, not compared")
            continue
        differences = {name: relative(ours[f"gradient.{name}"], exact[name]) for name in NAMES}
        differences["loss"] = relative(ours["loss"], exact["loss"])
        differences["readout"] = relative(ours["readout"], exact["readout"])
        name = max(differences, key=differences.get)
        worst = max(worst, differences[name])
        print(f"{text}: {rate:.1f} Hz, spikes equal, largest difference {differences[name]:.1e} ({name})")
    print(f"{len(cases)} cases, {flipped} with differing spikes; "
          f"largest relative difference {worst:.1e} (bound {bound:.0e})")
    return worst > bound or flipped > (0 if options.precision == "double" else len(cases) // 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    torch.set_num_threads(2)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("worked-example")
    compare_parser = commands.add_parser("compare")
    compare_parser.add_argument("synfire", help="path of the program")
    compare_parser.add_argument("--cases", type=int, default=20)
    compare_parser.add_argument("--only", type=int, help="this case alone")
    compare_parser.add_argument("--seed", type=int, default=0)
    compare_parser.add_argument("--precision", choices=["single", "double"], default="double")
    options = parser.parse_args()
    if options.command == "worked-example":
        sys.exit(worked_example())
    sys.exit(compare(options))


if __name__ == "__main__":
    main()
