"""python -m toy2d.shipped: trains the networks that are shipped, about half a minute on two cores."""

from toy2d.command import progress
from toy2d.net import learn
from toy2d.shipped import DEFAULTS, path_of

for name, config in DEFAULTS.items():
    print(learn(config, progress(f"training {name}")).save(path_of(name)))
