"""Training steps of a spiking mode-based network in PyTorch on the CPU, as fast as we could write them.

One step: draw the batch, forward through time, loss, back-propagation through time, clip the gradient
norm at 20, Adam. Double-exponential filter, refractory counter, and differentiated reset as in Synfire.
Variants (they compute the same gradients; --check prints by how much they differ):

  eager     autograd, one time slice an iteration, fused ops (lerp, addmm, addcmul) where there are any
  compiled  the same, blocks of time steps compiled by torch.compile
  manual    the adjoint equations written out over preallocated buffers: no tape, no temporaries
"""

import argparse
import gzip
import json
import math
import os
import resource
import time
from pathlib import Path

import numpy
import torch

A_S, A_M, A_D, A_R = (math.exp(-2 / tau) for tau in (10, 20, 30, 2))  # dt = 2 ms
JUMP = 1 - A_D  # what a step of the rise filter adds to the decay filter
SLOPE, THRESHOLD, REFRACTORY = 25.0, 1.0, 5


# ---------------------------------------------------------------- trials


def idx(path):
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8, offset=4 + 4 * rank).view(shape)


class Digits:
    """MNIST presented as Bernoulli spikes, drawn afresh for every batch."""

    steps, channels, outputs = 50, 784, 10

    def __init__(self, trials, generator, data):
        self.trials, self.generator = trials, generator
        folder = Path(data) / "mnist" if data else None
        if folder and (folder / "train-images-idx3-ubyte.gz").exists():
            self.images = idx(folder / "train-images-idx3-ubyte.gz").reshape(-1, 784)
            self.labels = idx(folder / "train-labels-idx1-ubyte.gz").long()
        else:  # digits' statistics are enough for timing: 19 % of the pixels lit
            lit = torch.rand(4096, 784, generator=generator) < 0.19
            grey = torch.randint(1, 256, (4096, 784), generator=generator)
            self.images = (grey * lit).to(torch.uint8)
            self.labels = torch.randint(0, 10, (4096,), generator=generator)

        # 16 random bits an input, four inputs a draw: 15 times faster than torch.bernoulli.
        self.random = numpy.random.Generator(numpy.random.SFC64(0))
        self.shape = (self.steps, trials, self.channels)
        self.inputs = torch.empty(self.shape)

    def batch(self):
        chosen = torch.randint(0, len(self.images), (self.trials,), generator=self.generator)
        words = self.random.integers(0, 2**64, math.prod(self.shape) // 4, dtype=numpy.uint64)
        noise = torch.from_numpy(words).view(torch.int16).view(self.shape)
        thresholds = (self.images[chosen].int() * 257 - 32768).short()
        torch.lt(noise, thresholds, out=self.inputs)
        return self.inputs, self.labels[chosen]


class Context:
    """Context-dependent integration of two noisy streams."""

    steps, channels, outputs = 500, 4, 1

    def __init__(self, trials, generator, data):
        self.trials, self.generator = trials, generator

    def batch(self):
        g, trials = self.generator, self.trials
        offsets = torch.randint(0, 2, (trials, 2), generator=g).float() - 0.5
        context = torch.randint(0, 2, (trials,), generator=g)
        inputs = torch.zeros(500, trials, 4)
        inputs[50:250, :, :2] = torch.randn(200, trials, 2, generator=g) + offsets
        inputs[:, torch.arange(trials), 2 + context] = 1
        targets = torch.zeros(500, trials, 1)
        targets[250:, :, 0] = offsets[torch.arange(trials), context].sign()
        return inputs, targets


def initial_parameters(task, neurons, modes, generator):
    def normal(*shape, std):
        return torch.randn(*shape, generator=generator) * std

    readout = 1 / math.sqrt(task.outputs) if task.outputs > 1 else 1 / math.sqrt(neurons)
    return [
        normal(neurons, task.channels, std=1 / math.sqrt(task.channels)),  # input weights
        normal(neurons, modes, std=1 / math.sqrt(modes)),  # input modes
        normal(neurons, modes, std=1 / math.sqrt(modes)),  # output modes
        normal(modes, std=1 / math.sqrt(neurons)),  # scores
        normal(task.outputs, neurons, std=readout),
    ]


def loss_of(task, readout, targets):
    if isinstance(task, Digits):  # cross-entropy on probabilities: softmax twice, as published
        return torch.nn.functional.cross_entropy(torch.softmax(readout, 1), targets)
    return (readout - targets).square().sum().sqrt()


# ---------------------------------------------------------------- autograd


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(context, potential):
        context.save_for_backward(potential)
        return (potential > THRESHOLD).float()

    @staticmethod
    def backward(context, gradient):
        (potential,) = context.saved_tensors
        return gradient / ((potential - THRESHOLD).abs_().mul_(SLOPE).add_(1)).square_()


def initial_state(trials, neurons):
    return [torch.zeros(trials, neurons) for _ in range(5)] + [torch.zeros(trials, neurons)]


def autograd_block(currents, state, scaled_input_modes, output_modes):
    """Time steps of one block; returns the filtered activity of each and the new state."""
    current, potential, activity, rise, spikes, held = state
    activities = []
    for drive in currents:
        recurrent = torch.addmm(drive, activity @ output_modes, scaled_input_modes)
        current = torch.add(recurrent, current, alpha=A_S)
        candidate = torch.lerp(current, potential, A_M) * (held <= 0)
        potential = torch.addcmul(candidate, candidate, spikes, value=-1)
        rise = torch.add(spikes, rise, alpha=A_R)
        activity = torch.lerp(rise, activity, A_D)
        spikes = Spike.apply(potential)
        held = torch.where(spikes.detach() > 0, float(REFRACTORY), held - 1)
        activities.append(activity)
    return activities, [current, potential, activity, rise, spikes, held]


class AutogradStep:
    def __init__(self, task, parameters, block=None):
        self.task = task
        self.parameters = [p.clone().requires_grad_() for p in parameters]
        self.block = block or task.steps
        self.run = torch.compile(autograd_block, dynamic=False) if block else autograd_block

    def gradient(self, inputs, targets):
        w_in, xi_in, xi_out, scores, w_out = self.parameters
        trials, neurons = inputs.shape[1], w_in.shape[0]
        drives = (inputs.view(-1, self.task.channels) @ w_in.t()).view(-1, trials, neurons)
        drives = drives.unbind(0)  # once: a slice an iteration makes backward quadratic in time
        scaled = (xi_in * scores).t()
        state, activities = initial_state(trials, neurons), []
        for start in range(0, self.task.steps, self.block):
            part, state = self.run(drives[start : start + self.block], state, scaled, xi_out)
            activities += part
        stacked = torch.stack(activities)
        if isinstance(self.task, Digits):
            readout = stacked.max(0).values @ w_out.t()
        else:
            readout = stacked @ w_out.t()
        loss = loss_of(self.task, readout, targets)
        for parameter in self.parameters:
            parameter.grad = None
        loss.backward()
        return loss.detach(), [p.grad for p in self.parameters]


# ---------------------------------------------------------------- the adjoint equations written out


class ManualStep:
    """Every result goes to a buffer that exists already; gains are folded into products and sums.

    Held neurons have potential 0 and a mask of 0, so the factor (1 - s) of the reset is one with the
    mask. `gate` is the masked adjoint of the potential; the adjoints of the current and of the rise
    filter are kept without their gains (1 - A_M) and JUMP, which are put into weights and surrogate.
    """

    def __init__(self, task, parameters):
        self.task, self.parameters = task, [p.clone() for p in parameters]
        neurons, modes = parameters[1].shape
        steps, trials = task.steps, task.trials
        shape = (steps, trials, neurons)
        self.potentials, self.activities, self.spikes, self.masks, self.adjoints = (
            torch.empty(shape) for _ in range(5))
        # Few inputs ride with the modes in one product; many are multiplied for all steps at once.
        self.rides = task.channels if task.channels <= 16 else 0
        self.kappas = torch.empty(steps, trials, modes + self.rides)
        self.errors = torch.zeros(shape) if task.outputs > 1 else None
        self.projections = torch.empty(steps, trials, modes + (self.errors is None))

    def forward(self, inputs):
        w_in, xi_in, xi_out, scores, _ = self.parameters
        trials, (neurons, modes) = self.task.trials, xi_in.shape
        expand = (xi_in * scores).t()
        if self.rides:
            expand = torch.cat([expand, w_in.t()])
            self.kappas[:, :, modes:] = inputs
        else:
            torch.mm(inputs.view(-1, w_in.shape[1]), w_in.t(), out=self.adjoints.view(-1, neurons))
        expand, project = expand.contiguous(), xi_out.t().contiguous().t()
        current, potential, activity, rise, never = torch.zeros(5, trials, neurons)
        mask, spiked, recent = torch.ones(trials, neurons), never, [never] * (REFRACTORY + 1)
        drives = [None] * self.task.steps if self.rides else self.adjoints.unbind(0)
        for drive, kappa, next_potential, next_activity, spikes, next_mask in zip(
            drives, self.kappas.unbind(0), self.potentials.unbind(0), self.activities.unbind(0),
            self.spikes.unbind(0), self.masks.unbind(0),
        ):
            torch.mm(activity, project, out=kappa[:, :modes])
            torch.addmm(current, kappa, expand, beta=A_S, out=current)
            if drive is not None:
                current.add_(drive)
            torch.sub(mask, spiked, out=next_mask).add_(recent.pop(0))
            torch.lerp(current, potential, A_M, out=next_potential).mul_(next_mask)
            torch.add(spiked, rise, alpha=A_R, out=rise)
            torch.lerp(rise, activity, A_D, out=next_activity)
            torch.gt(next_potential, THRESHOLD, out=spikes)
            recent.append(spikes)
            potential, activity, mask, spiked = next_potential, next_activity, next_mask, spikes

    def backward(self):
        _, xi_in, xi_out, scores, w_out = self.parameters
        trials, (neurons, modes) = self.task.trials, xi_in.shape
        expand = (xi_out * scores).t()
        if self.errors is None:
            expand = torch.cat([expand, w_out])
        expand, project = expand.contiguous(), (xi_in.t() * (1 - A_M)).contiguous().t()
        surrogates = torch.sub(self.potentials, THRESHOLD, out=self.spikes)  # used no more
        surrogates.abs_().mul_(SLOPE).add_(1).square_().reciprocal_().mul_(JUMP).mul_(self.masks)
        self.masks.mul_(A_M)
        d_activity, d_rise, d_spike, gate, d_current, after = torch.zeros(6, trials, neurons)
        errors = [None] * self.task.steps if self.errors is None else self.errors.unbind(0)
        for error, projection, potential, surrogate, mask, adjoint in zip(*(
            reversed(x) for x in (
                errors, self.projections.unbind(0), self.potentials.unbind(0),
                surrogates.unbind(0), self.masks.unbind(0), self.adjoints.unbind(0))
        )):
            torch.mm(d_current, project, out=projection[:, :modes])
            torch.addmm(d_activity, projection, expand, beta=A_D, out=d_activity)
            if error is not None:
                d_activity.add_(error)
            torch.addcmul(d_rise, after, gate, value=-1 / JUMP, out=d_spike)
            torch.add(d_activity, d_rise, alpha=A_R, out=d_rise)
            gate.mul_(mask).addcmul_(d_spike, surrogate)
            d_current = torch.add(gate, d_current, alpha=A_S, out=adjoint)
            after = potential

    @torch.no_grad()
    def gradient(self, inputs, targets):
        _, xi_in, xi_out, scores, w_out = self.parameters
        trials, (neurons, modes) = self.task.trials, xi_in.shape
        self.forward(inputs)
        if isinstance(self.task, Digits):
            peak, when = self.activities.max(0)
            p = torch.softmax(peak @ w_out.t(), 1)
            loss = torch.nn.functional.cross_entropy(p, targets)
            d_p = torch.softmax(p, 1)
            d_p[torch.arange(trials), targets] -= 1
            d_p /= trials
            d_logits = p * (d_p - (d_p * p).sum(1, keepdim=True))
            d_w_out = d_logits.t() @ peak
            self.errors.zero_().scatter_(0, when[None], (d_logits @ w_out)[None])
        else:
            difference = self.activities @ w_out.t() - targets
            loss = difference.norm()
            difference /= loss
            d_w_out = difference.view(1, -1) @ self.activities.view(-1, neurons)
            self.projections[:, :, modes:] = difference
        self.backward()

        # projections[t] is that of step t + 1, which activities[t] drove. Thin matrices stand left:
        # the library is several times faster that way round.
        adjoints, gain = self.adjoints.view(-1, neurons), 1 - A_M
        kappas = self.kappas.view(-1, modes + self.rides)
        if self.rides:
            both = kappas.t() @ adjoints
            by_kappa, d_w_in = both[:modes], both[modes:].t() * gain
        else:
            by_kappa = kappas.t() @ adjoints
            d_w_in = (adjoints.t() @ inputs.view(-1, self.task.channels)).mul_(gain)
        thin = self.projections[:-1, :, :modes].reshape(-1, modes)
        d_xi_out = (thin.t() @ self.activities[:-1].view(-1, neurons)).t() * scores
        d_scores = (thin * kappas[trials:, :modes]).sum(0)
        return loss, [d_w_in, by_kappa.t() * gain * scores, d_xi_out, d_scores, d_w_out]


VARIANTS = {
    "eager": AutogradStep,
    "compiled": lambda task, parameters: AutogradStep(task, parameters, block=10),
    "manual": ManualStep,
}


# ---------------------------------------------------------------- the program


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["mnist", "context"])
    parser.add_argument("neurons", type=int)
    parser.add_argument("modes", type=int)
    parser.add_argument("trials", type=int)
    parser.add_argument("--variant", choices=VARIANTS, default="eager")
    parser.add_argument("--steps", type=int, default=10, help="timed training steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", default=os.environ.get("SYNFIRE_DATA"))
    parser.add_argument("--check", action="store_true", help="compare the variants' gradients")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)

    generator = torch.Generator().manual_seed(0)
    kind = Digits if options.task == "mnist" else Context
    task = kind(options.trials, generator, options.data)
    parameters = initial_parameters(task, options.neurons, options.modes, generator)
    if options.check:
        return check(task, parameters, options.trials)

    step = VARIANTS[options.variant](task, parameters)
    optimizer = torch.optim.Adam(step.parameters, 1e-3, foreach=True)
    seconds = []
    for update in range(options.steps + 2):
        start = time.perf_counter()
        inputs, targets = task.batch()
        loss, gradients = step.gradient(inputs, targets)
        for parameter, gradient in zip(step.parameters, gradients):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(step.parameters, 20)
        optimizer.step()
        if update >= 2:  # the first ones warm up (and compile)
            seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peakMemory": peak, "loss": float(loss)}))


def check(task, parameters, trials):
    inputs, targets = task.batch()
    reference_loss, reference = AutogradStep(task, parameters).gradient(inputs, targets)
    for name, maker in VARIANTS.items():
        loss, gradients = maker(task, parameters).gradient(inputs, targets)
        worst = max(
            ((a - b).norm() / b.norm()).item() for a, b in zip(gradients, reference))
        print(f"{name:16} loss {loss:.6f} (eager {reference_loss:.6f}) "
              f"largest relative difference {worst:.1e}")


if __name__ == "__main__":
    main()
