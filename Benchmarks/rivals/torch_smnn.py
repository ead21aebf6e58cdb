"""Training steps of a spiking mode-based network in PyTorch on the CPU, as fast as we could write them.

One step: draw the batch, forward through time, loss, back-propagation through time, clip the gradient
norm at 20, Adam. Double-exponential filter, refractory counter, and differentiated reset as in Synfire.
Variants (they compute the same gradients; --check prints by how much they differ):

  eager     autograd, one time slice an iteration, fused ops (lerp, addmm, addcmul) where there are any
  compiled  the same, blocks of time steps compiled by torch.compile
  manual    the adjoint equations written out over preallocated buffers: no tape of small tensors
  manual-compiled
            the adjoint equations, blocks of time steps compiled by torch.compile
"""

import argparse
import gzip
import json
import math
import os
import resource
import time
from pathlib import Path

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

    def batch(self):
        chosen = torch.randint(0, len(self.images), (self.trials,), generator=self.generator)
        # A byte in 0 ... 254 lies below the pixel with probability pixel / 255 exactly.
        noise = torch.empty(self.steps, self.trials, 784, dtype=torch.uint8)
        noise.random_(0, 255, generator=self.generator)
        return (noise < self.images[chosen]).float(), self.labels[chosen]


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


def forward_block(
    drives, potentials, masks, activities, state, scaled_input_modes, output_modes
):
    """Writes potentials, refractory masks and activities of a block in place."""
    current, potential, activity, rise, spikes, held = state
    for t in range(drives.shape[0]):
        recurrent = torch.addmm(drives[t], activity @ output_modes, scaled_input_modes)
        current = torch.add(recurrent, current, alpha=A_S)
        free = held <= 0  # a neuron that spiked in the last step is held: its reset is included
        masks[t] = free
        potential = torch.lerp(current, potential, A_M) * free
        potentials[t] = potential
        rise = torch.add(spikes, rise, alpha=A_R)
        activity = torch.lerp(rise, activity, A_D)
        activities[t] = activity
        fired = potential > THRESHOLD
        spikes = fired.float()
        held = torch.where(fired, float(REFRACTORY), held - 1)
    return [current, potential, activity, rise, spikes, held]


def backward_block(
    potentials, masks, errors, current_adjoints, projections, state, scaled_output_modes,
    input_modes,
):
    """One block of the adjoint sweep, last step first; `errors` holds the readout's adjoints."""
    d_activity, d_rise, d_potential, d_current, potential_after, mask_after = state
    for t in range(potentials.shape[0] - 1, -1, -1):
        projection = d_current @ input_modes  # of step t + 1
        projections[t] = projection
        d_activity = torch.addmm(errors[t], projection, scaled_output_modes).add(
            d_activity, alpha=A_D)
        d_spike = torch.addcmul(d_rise, potential_after, d_potential, value=-1)
        d_rise = d_rise * A_R + d_activity * JUMP
        potential = potentials[t]
        surrogate = ((potential - THRESHOLD).abs() * SLOPE + 1).square()
        d_potential = d_spike / surrogate + A_M * mask_after * d_potential
        mask = masks[t]
        d_current = torch.add((1 - A_M) * mask * d_potential, d_current, alpha=A_S)
        current_adjoints[t] = d_current
        potential_after, mask_after = potential, mask
    return [d_activity, d_rise, d_potential, d_current, potential_after, mask_after]


def forward_in_place(drives, potentials, masks, activities, state, scaled_input_modes, output_modes):
    """As forward_block with every result in a buffer that exists already."""
    current, _, zero, rise, spikes, held = state
    kappa = torch.empty(drives.shape[1], output_modes.shape[1])
    free = torch.empty(masks.shape[1:], dtype=torch.bool)
    fired = torch.empty_like(free)
    before, activity = torch.zeros_like(current), zero
    for drive, potential, mask, after in zip(
        drives.unbind(0), potentials.unbind(0), masks.unbind(0), activities.unbind(0)
    ):
        torch.mm(activity, output_modes, out=kappa)
        current.mul_(A_S).add_(drive).addmm_(kappa, scaled_input_modes)
        torch.le(held, 0, out=mask)
        torch.lerp(current, before, A_M, out=potential)
        potential.mul_(mask)
        rise.mul_(A_R).add_(spikes)
        torch.lerp(rise, activity, A_D, out=after)
        torch.gt(potential, THRESHOLD, out=fired)
        spikes.copy_(fired)
        held.sub_(1).masked_fill_(fired, REFRACTORY)
        before, activity = potential, after
    return state


def backward_in_place(
    potentials, masks, errors, current_adjoints, projections, state, scaled_output_modes,
    input_modes,
):
    """As backward_block; the surrogate of the whole sweep is computed at once, over `potentials`."""
    surrogates = (potentials - THRESHOLD).abs_().mul_(SLOPE).add_(1).square_().reciprocal_()
    d_activity, d_rise, d_potential, d_current, potential_after, mask_after = state
    d_spike = torch.empty_like(d_rise)
    for potential, mask, surrogate, error, out, projection in zip(
        *(reversed(x.unbind(0)) for x in (
            potentials, masks, surrogates, errors, current_adjoints, projections))
    ):
        torch.mm(d_current, input_modes, out=projection)
        d_activity.mul_(A_D).add_(error).addmm_(projection, scaled_output_modes)
        torch.addcmul(d_rise, potential_after, d_potential, value=-1, out=d_spike)
        d_rise.mul_(A_R).add_(d_activity, alpha=JUMP)
        d_potential.mul_(mask_after).mul_(A_M).addcmul_(d_spike, surrogate)
        torch.mul(d_potential, mask, out=out)
        out.mul_(1 - A_M).add_(d_current, alpha=A_S)
        d_current, potential_after, mask_after = out, potential, mask
    return state


class ManualStep:
    def __init__(self, task, parameters, block=None):
        self.task, self.parameters = task, [p.clone() for p in parameters]
        self.block = block or task.steps
        neurons, modes = parameters[1].shape
        shape = (task.steps, task.trials, neurons)
        self.potentials, self.activities, self.adjoints = (torch.empty(shape) for _ in range(3))
        self.errors = torch.zeros(shape)
        self.masks = torch.empty(shape, dtype=torch.bool)
        self.projections = torch.empty(task.steps, task.trials, modes)
        compiled = lambda f: torch.compile(f, dynamic=False)
        self.forward = compiled(forward_block) if block else forward_in_place
        self.backward = compiled(backward_block) if block else backward_in_place

    @torch.no_grad()
    def gradient(self, inputs, targets):
        w_in, xi_in, xi_out, scores, w_out = self.parameters
        steps, (trials, neurons) = self.task.steps, (inputs.shape[1], w_in.shape[0])
        flat = inputs.view(-1, self.task.channels)
        # The drives are used up step by step as the adjoints are later: one buffer serves both.
        torch.mm(flat, w_in.t(), out=self.adjoints.view(-1, neurons))
        state = initial_state(trials, neurons)
        scaled = (xi_in * scores).t().contiguous()
        for start in range(0, steps, self.block):
            part = slice(start, start + self.block)
            state = self.forward(
                self.adjoints[part], self.potentials[part], self.masks[part],
                self.activities[part], state, scaled, xi_out)

        if isinstance(self.task, Digits):
            peak, when = self.activities.max(0)
            logits = peak @ w_out.t()
            p = torch.softmax(logits, 1)
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
            d_w_out = difference.view(-1, 1).t() @ self.activities.view(-1, neurons)
            torch.mul(difference, w_out[0], out=self.errors)

        zeros = initial_state(trials, neurons)
        state = [*zeros[:5], torch.zeros(trials, neurons, dtype=torch.bool)]
        scaled = (xi_out * scores).t().contiguous()
        for start in reversed(range(0, steps, self.block)):
            part = slice(start, start + self.block)
            state = self.backward(
                self.potentials[part], self.masks[part], self.errors[part],
                self.adjoints[part], self.projections[part], state, scaled, xi_in)

        # projections[t] is that of step t + 1, which activities[t] drove.
        adjoints = self.adjoints.view(-1, neurons)
        before = self.activities[:-1].view(-1, neurons)
        projections = self.projections[:-1].view(-1, xi_in.shape[1])
        kappa = before @ xi_out
        d_w_in = adjoints.t() @ flat
        d_xi_in = adjoints[trials:].t() @ (kappa * scores)
        d_xi_out = before.t() @ (projections * scores)
        d_scores = (projections * kappa).sum(0)
        return loss, [d_w_in, d_xi_in, d_xi_out, d_scores, d_w_out]


VARIANTS = {
    "eager": (AutogradStep, None),
    "compiled": (AutogradStep, 10),
    "manual": (ManualStep, None),
    "manual-compiled": (ManualStep, 10),
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

    maker, block = VARIANTS[options.variant]
    step = maker(task, parameters, block)
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
    for name, (maker, block) in VARIANTS.items():
        loss, gradients = maker(task, parameters, block).gradient(inputs, targets)
        worst = max(
            ((a - b).norm() / b.norm()).item() for a, b in zip(gradients, reference))
        print(f"{name:16} loss {loss:.6f} (eager {reference_loss:.6f}) "
              f"largest relative difference {worst:.1e}")


if __name__ == "__main__":
    main()
