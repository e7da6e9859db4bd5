"""table-clip: CLIPs of several kinds and seeds on the same test digits, as differences with intervals."""

import argparse
from pathlib import Path

from images.command import add_places, command, progress
from images.dalle2.clip_table import EVERY, ClipTable, claims, clip_table, read, readable
from images.data.captions import ATTRIBUTES
from images.data.mnist import load
from playground.cli import bare
from playground.devices import device_named
from playground.errors import require_range
from playground.files import write_json


def table_command(arguments: argparse.Namespace) -> None:
    require_range("The number of digits", arguments.digits, 10, 10_000)
    device = device_named(arguments.device)
    trained = [read(path, device) for path in arguments.files]
    digits = load("test", arguments.data).part(0, arguments.digits)
    found = clip_table(trained, digits, progress("reading digits"))
    said = bare(claims(found))
    print("\n".join([readable(found), *said]))
    print(write_json(Path(arguments.out) / "table-clip.json", plain(found) | {"claims": said}))


def plain(found: ClipTable) -> dict:
    """As JSON can hold it: shares by seed, and the differences from each other kind."""
    others = [name for name in found.right if name != EVERY]

    def apart(attribute: str, other: str) -> dict:
        trainings = found.over_trainings(attribute, other)
        over = {"over trainings": trainings} if trainings else {}
        return {"over digits": found.over_digits(attribute, other)} | over

    return {
        "digits": found.N, "images": found.length, "seeds": found.seeds,
        "shares": {
            name: {a: right[a].double().mean(1).tolist() for a in ATTRIBUTES}
            for name, right in found.right.items()
        },
        "differences": {other: {a: apart(a, other) for a in ATTRIBUTES} for other in others},
    }  # fmt: skip


def add_clip_table(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand table-clip."""
    p = command(commands, "table-clip", table_command, "table-clip")
    p.add_argument(
        "files", nargs="+", metavar="FILE",
        help="models of the presets clip, clip-own and clip-bag, of one length, each at the same seeds",
    )  # fmt: skip
    p.add_argument("--digits", type=int, default=10_000, help="test digits")
    add_places(p, "out", "the JSON goes")
