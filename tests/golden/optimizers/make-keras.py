# Makes keras.json, beside it, by Keras 3 itself: pip install keras jax scipy; python make-keras.py (numpy backend, float32).
import json
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np
from keras import optimizers
from keras.optimizers import schedules

random = np.random.default_rng(5)
shapes = {"kernel": (3, 2), "bias": (2,)}


def flat(values):
    return [float(value) for value in np.asarray(values, np.float32).ravel()]


def named(arrays):
    return {name: flat(values) for name, values in zip(shapes, arrays)}


start = [random.normal(size=shape).astype(np.float32) for shape in shapes.values()]
gradients = []
for _ in range(12):
    step = []
    for shape in shapes.values():
        drawn = (random.normal(size=shape) + 0.5).astype(np.float32)
        scale = 10.0 ** random.uniform(-1, 0.5)
        step.append((drawn * scale).astype(np.float32))
    gradients.append(step)

warm = schedules.CosineDecay(0.001, 10, alpha=0.1, warmup_target=0.1, warmup_steps=3)
cases = {
    "sgd": optimizers.SGD(),
    "sgd-nesterov-decay": optimizers.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam-amsgrad": optimizers.Adam(0.01, amsgrad=True),
    "adamw": optimizers.AdamW(0.01),
    "adamw-without-bias": optimizers.AdamW(0.1, weight_decay=0.1),
    "nadam": optimizers.Nadam(0.01),
    "adamax": optimizers.Adamax(0.01),
    "adadelta": optimizers.Adadelta(1.0),
    "adagrad": optimizers.Adagrad(0.1),
    "rmsprop-centered": optimizers.RMSprop(0.01, momentum=0.5, centered=True, epsilon=0.01),
    "lion": optimizers.Lion(0.01, weight_decay=0.1),
    "adam-cosine": optimizers.Adam(warm),
    "adam-global-norm": optimizers.Adam(0.01, global_clipnorm=1.0),
    "sgd-norm": optimizers.SGD(0.1, momentum=0.5, clipnorm=0.5),
    "adam-accumulated": optimizers.Adam(schedules.ExponentialDecay(0.05, 4, 0.5), gradient_accumulation_steps=3),
    "sgd-ema": optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8),
    "adam-ema-overwrite": optimizers.Adam(0.05, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
}
cases["adamw-without-bias"].exclude_from_weight_decay(var_names=["bias"])

results = {}
for name, optimizer in cases.items():
    variables = [keras.Variable(values, name=key) for key, values in zip(shapes, start)]
    optimizer.build(variables)
    for step in gradients:
        optimizer.apply(step, variables)
    results[name] = {"final": named(variable.numpy() for variable in variables)}
    if optimizer.use_ema:
        optimizer.finalize_variable_values(variables)
        results[name]["averaged"] = named(variable.numpy() for variable in variables)

rates = {
    "piecewiseConstant": schedules.PiecewiseConstantDecay([5, 9], [1.0, 0.5, 0.1]),
    "exponentialDecay": schedules.ExponentialDecay(0.1, 10, 0.96),
    "exponentialDecay-staircase": schedules.ExponentialDecay(0.1, 4, 0.5, staircase=True),
    "inverseTimeDecay": schedules.InverseTimeDecay(0.1, 10, 0.5),
    "inverseTimeDecay-staircase": schedules.InverseTimeDecay(0.1, 4, 0.5, staircase=True),
    "polynomialDecay": schedules.PolynomialDecay(0.1, 10, 0.01, power=0.5),
    "polynomialDecay-cycle": schedules.PolynomialDecay(0.1, 5, 0.01, power=2.0, cycle=True),
    "cosineDecay": schedules.CosineDecay(0.1, 15, alpha=0.05),
    "cosineDecay-warmup": schedules.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=5),
    "cosineDecayRestarts": schedules.CosineDecayRestarts(0.1, 4, t_mul=2.0, m_mul=0.9, alpha=0.1),
    "cosineDecayRestarts-equal": schedules.CosineDecayRestarts(0.1, 6, t_mul=1.0, m_mul=0.8),
}

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras.json"), "w") as file:
    json.dump(
        {
            "origin": f"Keras {keras.__version__}, numpy backend, float32",
            "start": named(start),
            "gradients": [named(step) for step in gradients],
            "optimizers": results,
            "schedules": {name: [float(rate(step)) for step in range(25)] for name, rate in rates.items()},
        },
        file,
    )
