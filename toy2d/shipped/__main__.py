"""python -m toy2d.shipped [NAME ...]: trains the networks that are shipped, or those named; minutes."""

import sys

from playground.errors import UserError, require_known
from toy2d.command import progress
from toy2d.net import learn
from toy2d.shipped import ALL, path_of

try:
    for name in sys.argv[1:] or ALL:
        require_known("The network", name, ALL)
        print(learn(ALL[name], progress(f"training {name}")).save(path_of(name)))
except UserError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)
