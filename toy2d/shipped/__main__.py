"""python -m toy2d.shipped [NAME ...]: makes what is shipped again, networks and results, or what is named; minutes."""

import sys
from pathlib import Path

from playground.errors import UserError, require_known
from playground.files import write_atomically
from playground.films import packed
from playground.progress import Report
from toy2d.command import progress
from toy2d.films import FILMS
from toy2d.labelled import learned_pair
from toy2d.net import learn
from toy2d.own_data.experiment import SHIPPED, train_network
from toy2d.shipped import ALL, PAIRS, path_of
from toy2d.shipped.making import MADE

NETWORKS = [*ALL, *PAIRS, *SHIPPED]
FILMED = {f"film-{name}": make for name, make in MADE.items()}  # after the networks, which some are made with


def trained(name: str, report: Report) -> Path:
    """Trains what has this name, and writes its file."""
    if name in PAIRS:
        return learned_pair(PAIRS[name], report=report).save(path_of(name))
    found = train_network(SHIPPED[name], report) if name in SHIPPED else learn(ALL[name], report)
    return found.save(path_of(name), small=True)


try:
    for name in sys.argv[1:] or [*NETWORKS, *FILMED]:
        require_known("What is shipped", name, [*NETWORKS, *FILMED])
        if name in NETWORKS:
            print(trained(name, progress(f"training {name}")))
        else:
            path = FILMS / f"{name.removeprefix('film-')}.npz"
            print(write_atomically(path, packed(*FILMED[name]())))
except UserError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)
