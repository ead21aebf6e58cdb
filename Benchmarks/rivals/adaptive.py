"""Training steps of a dense recurrent network of adaptive neurons, in the tools that people use for it.

One step: forward, cross-entropy of the mean output over the last window, firing-rate regularizer,
back-propagation through time, Adam; the equations of `alif-step` (EngineWorkloads/AdaptiveNetworkTraining.swift):

    b = rho b + (1 - rho) z;  A = 1 + beta b;  v = alpha v + (1 - alpha) I - A z
    z = 1 if v > A, dz/dv = 0.3 max(0, 1 - |v - A|);  y = alpha y + W_out z

eager, compiled (PyTorch) and jax compute just these, and --check compares their loss and gradients with an
example that `alif-example` wrote. The other tools bring neurons of their own, which stay as they are but for the
derivative of a spike (theirs let gradients grow beyond all bounds over so many steps):

  snntorch      RLeaky: no adaptation, one number more a step
  norse         LSNNRecurrentCell: adaptive
  spikingjelly  LIFNode with a linear recurrence: no adaptation
"""

import argparse
import json
import math
import resource
import time

import numpy

ALPHA, RHO = math.exp(-1 / 20), math.exp(-1 / 700)
DAMPENING, STRENGTH, TARGET, CLASSES, RATE = 0.3, 0.1, 0.02, 10, 1e-5
NAMES = ["hidden.input.weights", "hidden.recurrent.weights", "readout.weights"]


class Work:
    """Sizes, inputs [time, trial, channel], classes and weights [presynaptic, postsynaptic]."""

    def __init__(self, trials, steps, channels, neurons):
        random = numpy.random.default_rng(0)
        self.trials, self.steps, self.channels, self.neurons = trials, steps, channels, neurons
        self.window = max(n for n in range(1, 57) if steps % n == 0 and n < max(steps, 2))
        self.inputs = (random.random((steps, trials, channels)) < 0.02).astype(numpy.float32)
        self.classes = numpy.arange(trials) % CLASSES
        drive = 1 / (1 - ALPHA)
        self.weights = [
            (random.standard_normal(shape) * gain / math.sqrt(shape[0])).astype(numpy.float32)
            for shape, gain in [
                ((channels, neurons), 3 * drive), ((neurons, neurons), drive), ((neurons, CLASSES), 1)]]
        self.adapt()

    def adapt(self):
        adaptive = 100 * self.neurons // 220
        self.strengths = numpy.zeros(self.neurons, numpy.float32)
        self.strengths[self.neurons - adaptive :] = 1.75

    @classmethod
    def example(cls, path):
        from safetensors.numpy import load_file

        tensors = load_file(path)
        work = cls.__new__(cls)
        work.inputs = tensors["inputs"]
        work.steps, work.trials, work.channels = work.inputs.shape
        work.weights = [tensors[name].T.copy() for name in NAMES]
        work.neurons = work.weights[1].shape[0]
        work.classes = tensors["classes"].astype(int)
        work.window = int(tensors["window"][0])
        work.adapt()
        expected = [tensors["gradient." + name].T for name in NAMES]
        return work, float(tensors["loss"][0]), expected


# ---------------------------------------------------------------- PyTorch


class TorchTraining:
    def __init__(self, work, rival, threads, steps_at_once):
        import torch

        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        self.torch, self.work = torch, work
        self.inputs, self.classes = torch.tensor(work.inputs), torch.tensor(work.classes)
        self.make = {
            "eager": self.make_equations, "compiled": self.make_equations, "snntorch": self.make_snntorch,
            "norse": self.make_norse, "spikingjelly": self.make_spikingjelly}[rival]
        self.spike = self.make_spike()
        self.parameters = self.make()
        if rival == "compiled":
            self.count = max(n for n in range(1, steps_at_once + 1) if work.steps % n == 0)
            self.block = torch.compile(self.block)
        self.optimizer = torch.optim.Adam(self.parameters, lr=RATE)

    def make_spike(self):
        """A step whose derivative is dampened, so that gradients stay finite over many steps."""
        torch = self.torch

        class Spike(torch.autograd.Function):
            @staticmethod
            def forward(context, distance):
                context.save_for_backward(distance)
                return (distance > 0).float()

            @staticmethod
            def backward(context, gradient):
                (distance,) = context.saved_tensors
                return gradient * (DAMPENING * torch.clamp(1 - distance.abs(), min=0))

        return Spike.apply

    def make_equations(self):
        torch, work = self.torch, self.work

        weights = [torch.nn.Parameter(torch.tensor(weight)) for weight in work.weights]
        strengths = torch.tensor(work.strengths)
        self.count = 1

        def block(currents, state, recurrent, readout):
            v, b, z, y = state
            outputs, counts = [], 0
            for current in currents:
                b = RHO * b + (1 - RHO) * z
                threshold = 1 + strengths * b
                drive = torch.addmm(current, z, recurrent)
                v = ALPHA * v + (1 - ALPHA) * drive - threshold * z
                z = self.spike(v - threshold)
                y = ALPHA * y + z @ readout
                outputs.append(y)
                counts = counts + z.sum(0)
            return outputs, counts, (v, b, z, y)

        self.block = block

        def run():
            currents = (self.inputs @ weights[0]).unbind(0)
            state = tuple(torch.zeros(work.trials, n) for n in (work.neurons,) * 3 + (CLASSES,))
            outputs, counts = [], 0
            for start in range(0, work.steps, self.count):
                found, spikes, state = self.block(
                    currents[start : start + self.count], state, weights[1], weights[2])
                outputs += found
                counts = counts + spikes
            return outputs, counts

        self.run = run
        return weights

    def run_cell(self, cell, readout):
        """Runs a function from step to spikes."""
        torch, work = self.torch, self.work

        def run():
            y, outputs, counts = torch.zeros(work.trials, CLASSES), [], 0
            step = cell()
            for time in range(work.steps):
                z = step(time)
                y = ALPHA * y + readout(z)
                outputs.append(y)
                counts = counts + z.sum(0)
            return outputs, counts

        self.run = run

    def linear(self, index, gain=1):
        torch, weight = self.torch, self.work.weights[index]
        layer = torch.nn.Linear(*weight.shape, bias=False)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(weight.T) * gain)
        return layer

    def make_snntorch(self):
        import snntorch

        torch, work = self.torch, self.work
        scale = 1 - ALPHA
        first, readout = self.linear(0, scale), self.linear(2)
        neuron = snntorch.RLeaky(
            beta=ALPHA, linear_features=work.neurons, spike_grad=self.spike)
        with torch.no_grad():
            neuron.recurrent.weight.copy_(torch.tensor(work.weights[1].T) * scale)

        def cell():
            currents, state = first(self.inputs).unbind(0), list(neuron.init_rleaky())

            def step(time):
                state[:] = neuron(currents[time], *state)
                return state[0]

            return step

        self.run_cell(cell, readout)
        return [*first.parameters(), *neuron.parameters(), *readout.parameters()]

    def make_norse(self):
        from norse.torch.functional.lsnn import LSNNParameters
        from norse.torch.module.lsnn import LSNNRecurrentCell

        torch, work = self.torch, self.work
        constants = LSNNParameters(
            tau_syn_inv=torch.tensor(1000.0), tau_mem_inv=torch.tensor(50.0),
            tau_adapt_inv=torch.tensor(1 / 0.7), beta=torch.tensor(1.75), method="super",
            alpha=torch.tensor(100.0))
        neuron = LSNNRecurrentCell(work.channels, work.neurons, p=constants, dt=0.001)
        readout = self.linear(2)
        with torch.no_grad():
            neuron.input_weights.copy_(torch.tensor(work.weights[0].T))
            neuron.recurrent_weights.copy_(torch.tensor(work.weights[1].T))

        def cell():
            inputs, state = self.inputs.unbind(0), [None]

            def step(time):
                spikes, state[0] = neuron(inputs[time], state[0])
                return spikes

            return step

        self.run_cell(cell, readout)
        return [*neuron.parameters(), *readout.parameters()]

    def make_spikingjelly(self):
        from spikingjelly.activation_based import functional, neuron

        torch, work = self.torch, self.work
        scale = 1 - ALPHA
        first, recurrent, readout = self.linear(0, scale), self.linear(1, scale), self.linear(2)
        node = neuron.LIFNode(
            tau=20.0, decay_input=False, surrogate_function=self.spike,
            detach_reset=True, v_reset=None)

        def cell():
            functional.reset_net(node)
            currents, spikes = first(self.inputs).unbind(0), [torch.zeros(work.trials, work.neurons)]

            def step(time):
                spikes[0] = node(currents[time] + recurrent(spikes[0]))
                return spikes[0]

            return step

        self.run_cell(cell, readout)
        return [layer.weight for layer in (first, recurrent, readout)]

    def loss(self):
        torch, work = self.torch, self.work
        outputs, counts = self.run()
        mean = torch.stack(outputs[-work.window :]).mean(0)
        rates = counts / (work.steps * work.trials)
        self.rate = float(rates.mean().detach())
        return torch.nn.functional.cross_entropy(mean, self.classes) + STRENGTH * (
            (rates - TARGET) ** 2).sum()

    def gradient(self):
        loss = self.loss()
        self.optimizer.zero_grad()
        loss.backward()
        return float(loss.detach()), [parameter.grad.numpy() for parameter in self.parameters]

    def step(self):
        self.gradient()
        self.optimizer.step()
        return self.rate


# ---------------------------------------------------------------- JAX


class JAXTraining:
    def __init__(self, work):
        import jax
        import jax.numpy as jnp

        @jax.custom_jvp
        def spike(distance):
            return (distance > 0).astype(jnp.float32)

        @spike.defjvp
        def _(primals, tangents):
            (distance,), (change,) = primals, tangents
            return spike(distance), change * DAMPENING * jnp.maximum(1 - jnp.abs(distance), 0)

        strengths, inputs = jnp.array(work.strengths), jnp.array(work.inputs)
        classes = jnp.array(work.classes)

        def loss(weights):
            def step(state, current):
                v, b, z, y = state
                b = RHO * b + (1 - RHO) * z
                threshold = 1 + strengths * b
                v = ALPHA * v + (1 - ALPHA) * (current + z @ weights[1]) - threshold * z
                z = spike(v - threshold)
                y = ALPHA * y + z @ weights[2]
                return (v, b, z, y), (z.sum(0), y)

            state = tuple(jnp.zeros((work.trials, n)) for n in (work.neurons,) * 3 + (CLASSES,))
            _, (counts, outputs) = jax.lax.scan(step, state, inputs @ weights[0])
            scores = jax.nn.log_softmax(outputs[-work.window :].mean(0))
            rates = counts.sum(0) / (work.steps * work.trials)
            entropy = -jnp.take_along_axis(scores, classes[:, None], 1).mean()
            return entropy + STRENGTH * ((rates - TARGET) ** 2).sum(), rates.mean()

        def update(weights, first, second, count):
            (_, rate), gradient = jax.value_and_grad(loss, has_aux=True)(weights)
            first = [0.9 * m + 0.1 * g for m, g in zip(first, gradient)]
            second = [0.999 * s + 0.001 * g * g for s, g in zip(second, gradient)]
            scale = RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            weights = [w - scale * m / (jnp.sqrt(s) + 1e-8) for w, m, s in zip(weights, first, second)]
            return weights, first, second, rate

        self.update = jax.jit(update)
        self.value_and_gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))
        self.weights = [jnp.array(weight) for weight in work.weights]
        self.first = [jnp.zeros_like(weight) for weight in self.weights]
        self.second = list(self.first)
        self.count = 0

    def gradient(self):
        (loss, _), gradient = self.value_and_gradient(self.weights)
        return float(loss), [numpy.array(g) for g in gradient]

    def step(self):
        self.count += 1
        self.weights, self.first, self.second, rate = self.update(
            self.weights, self.first, self.second, self.count)
        return float(rate)


def training(work, options):
    if options.rival == "jax":
        return JAXTraining(work)
    return TorchTraining(work, options.rival, options.threads, options.steps_at_once)


def check(options):
    """Prints how far loss and gradients are from those of the example, relative to the largest."""
    work, loss, gradients = Work.example(options.check)
    found, others = training(work, options).gradient()
    errors = {"loss": abs(found - loss) / abs(loss)}
    for name, mine, theirs in zip(NAMES, gradients, others):
        errors[name] = float(numpy.abs(mine - theirs).max() / numpy.abs(theirs).max())
    print(json.dumps(errors))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, help="TRIALS STEPS INPUTS NEURONS")
    parser.add_argument(
        "--rival", default="eager",
        choices=["eager", "compiled", "snntorch", "norse", "spikingjelly", "jax"])
    parser.add_argument("--count", type=int, default=3, help="timed training steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps-at-once", type=int, default=10, help="time steps in a compiled block")
    parser.add_argument("--check", metavar="FILE", help="compare with an example instead")
    options = parser.parse_args()
    if options.check:
        return check(options)
    network = training(Work(*options.sizes), options)
    seconds = []
    for index in range(options.count + 2):
        start = time.perf_counter()
        rate = network.step()
        if index >= 2:  # the first ones compile and warm up
            seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peakMemory": peak, "firingRate": rate * 1000}))


if __name__ == "__main__":
    main()
