"""python -m toy2d.shipped [NAME ...]: makes what is shipped again, networks and results, or what is named; minutes."""

import sys
from collections.abc import Callable
from functools import partial

from playground.errors import UserError, require_known
from playground.files import write_atomically
from playground.films import packed
from playground.progress import Report
from toy2d.command import progress
from toy2d.films import FILMS
from toy2d.net import Learned, learn
from toy2d.own_data.experiment import OwnDataConfig, train_network
from toy2d.shipped import ALL, OWN_DATA, path_of
from toy2d.shipped.making import MADE

NETWORKS: dict[str, Callable[[Report], Learned]] = {name: partial(learn, ALL[name]) for name in ALL}
NETWORKS[OWN_DATA] = partial(train_network, OwnDataConfig())
FILMED = {f"film-{name}": make for name, make in MADE.items()}  # after the networks, which some are made with

try:
    for name in sys.argv[1:] or [*NETWORKS, *FILMED]:
        require_known("What is shipped", name, [*NETWORKS, *FILMED])
        if name in NETWORKS:
            print(NETWORKS[name](progress(f"training {name}")).save(path_of(name)))
        else:
            path = FILMS / f"{name.removeprefix('film-')}.npz"
            print(write_atomically(path, packed(*FILMED[name]())))
except UserError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)
