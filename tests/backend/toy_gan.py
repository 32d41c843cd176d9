"""A tiny adversarial pair with everything that is hard at the seam: a gradient penalty, batch norm, random seeds."""

import numpy as np

from autoseg._backend import StepModel, input_gradient, keras, ops

BATCH, LATENT, FEATURES = 4, 3, 6


class ToyGan(StepModel):
    """Learns points. All randomness is its own: from the batch, or from a seed (`own_noise`) and from dropout."""

    reports = ("critic", "generator", "penalty")
    validates = ("distance", "penalty")

    def __init__(self, dropout=0.0, own_noise=False, seed=0):
        super().__init__()
        layers = keras.layers
        self.critic = keras.Sequential(
            [
                keras.Input((FEATURES,)),
                layers.Dense(8, activation="tanh"),
                layers.Dropout(dropout, seed=1),
                layers.Dense(1, dtype="float32"),
            ]
        )
        self.generator = keras.Sequential(
            [
                keras.Input((LATENT,)),
                layers.Dense(8, activation="tanh"),
                layers.BatchNormalization(),
                layers.Dense(FEATURES, dtype="float32"),
            ]
        )
        self.own_noise, self.seeds = own_noise, keras.random.SeedGenerator(2)
        rng = np.random.default_rng(seed)
        for network in (self.critic, self.generator):
            network.set_weights([np.abs(rng.normal(0.4, 0.3, w.shape)).astype("float32") for w in network.weights])

    def trains(self):
        return {"critic": [self.critic], "generator": [self.generator]}

    def penalty(self, points):
        slope = input_gradient(lambda x: self.critic(x, training=True), points)
        return ops.mean((ops.sqrt(ops.sum(slope**2, axis=1)) - 1.0) ** 2)

    def step(self, batch):
        real, noise = batch["real"], batch["noise"]
        if self.own_noise:
            noise = keras.random.normal((BATCH, LATENT), seed=self.seeds)

        def critic_loss():
            fake = self.generator(noise, training=True)
            penalty = self.penalty((real + fake) / 2)
            critics = ops.mean(self.critic(fake, training=True)) - ops.mean(self.critic(real, training=True))
            return critics + 10 * penalty, penalty

        def generator_loss():
            return -ops.mean(self.critic(self.generator(noise, training=True), training=True)), None

        critic, penalty = self.minimize("critic", critic_loss)
        return {"critic": critic, "generator": self.minimize("generator", generator_loss)[0], "penalty": penalty}

    def validation_step(self, batch):
        real, fake = batch["real"], self.generator(batch["noise"], training=False)
        distance = ops.mean(self.critic(real, training=False)) - ops.mean(self.critic(fake, training=False))
        return {"distance": distance, "penalty": self.penalty((real + fake) / 2)}


def compiled(gan, averaging=None, **settings):
    """With optimizers whose weights are averaged with this momentum, if it is given."""
    average = {"use_ema": True, "ema_momentum": averaging} if averaging else {}
    decay = keras.optimizers.schedules.PolynomialDecay(4e-3, decay_steps=20)
    adam = keras.optimizers.Adam
    gan.compile({"critic": adam(2e-3, **average), "generator": adam(decay, **average)}, **settings)
    return gan


def make_batches(steps=6, seed=5):
    rng = np.random.default_rng(seed)
    real = rng.normal(size=(steps * BATCH, FEATURES)).astype("float32")
    noise = rng.normal(size=(steps * BATCH, LATENT)).astype("float32")
    return {"real": real, "noise": noise}


def fit(gan, batches, epochs=1, **settings):
    """Losses of every epoch, in the order of `reports`: (epochs, 3)."""
    history = gan.fit(batches, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, **settings).history
    return np.array([history[name] for name in gan.reports]).T
