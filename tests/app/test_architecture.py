"""The house rules, read from the source: who imports whom, where chance comes from, what must not exist."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import toy2d.topics

ROOT = Path(__file__).parents[2]
PACKAGES = ["playground", "toy2d", "images"]
SOURCES = sorted(
    [*(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")), *ROOT.glob("*.py")]
)
TOPICS = {"toy2d": toy2d.topics.TOPICS}
Rule = Callable[[Path, ast.Module], Iterator[str]]


# --- the rules: each yields what breaks it ----------------------------------------------------------------


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, anywhere in a file, by its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def dotted(node: ast.expr) -> str:
    """torch.random.fork_rng as it is written; "" for what is not a plain name."""
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def imports_go_one_way(path: Path, tree: ast.Module) -> Iterator[str]:
    """playground <- toy2d, images <- the app; relative imports would hide the direction."""
    banned = {"playground": {"toy2d", "images"}, "toy2d": {"images"}, "images": {"toy2d"}}
    for name in imports(tree):
        if name.startswith(".") or name.split(".")[0] in banned.get(path.parts[0], set()):
            yield name


def streamlit_stays_in_the_pages(path: Path, tree: ast.Module) -> Iterator[str]:
    a_page = path.stem == "page" or path.stem.endswith("_page") or path.parts[1:2] == ("pages",)
    helper = path.stem == "ui" or path.parts[:2] == ("playground", "ui") or len(path.parts) == 1
    if not (a_page or helper):
        yield from (name for name in imports(tree) if name.split(".")[0] == "streamlit")


def topics_share_experiments_only(path: Path, tree: ast.Module) -> Iterator[str]:
    """A topic may use another topic's experiment, never its figures, page or command."""
    wing, folder = path.parts[0], path.parts[1] if len(path.parts) > 2 else ""
    folders = {topic.folder for topic in TOPICS.get(wing, ())}
    if folder not in folders:
        return
    for name in imports(tree):
        parts = name.split(".")
        other = parts[0] == wing and len(parts) > 2 and parts[1] in folders - {folder}
        if other and {"figures", "page", "command", "ui"} & set(parts[2:]):
            yield name


PLOTTERS = ("toy2d/drawing/clouds.py", "images/dalle2/figures.py")  # a GIF's frame; words beside pictures


def charts_are_described_once(path: Path, tree: ast.Module) -> Iterator[str]:
    """Plotly on the page and matplotlib on paper draw playground.charts; a topic imports neither."""
    if path.parts[0] in {"toy2d", "images"} and path.as_posix() not in PLOTTERS:
        yield from (name for name in imports(tree) if name.split(".")[0] in {"plotly", "matplotlib"})


DRAWS = {"rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial", "poisson"}
OF_ITS_OWN = {"default_rng", "Generator", "SeedSequence", "PCG64"}


def chance_is_an_argument(path: Path, tree: ast.Module) -> Iterator[str]:
    """No global seed, no draw from a global stream.

    torch's initial weights can only be seeded globally, so a seed is allowed within `torch.random.fork_rng`,
    which puts the stream back.
    """
    forked = {
        id(call)
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and any("fork_rng" in ast.unparse(i.context_expr) for i in node.items)
        for _, call in calls(node)
    }
    for name, call in calls(tree):
        first, last = name.split(".")[0], name.split(".")[-1]
        seeds = last.startswith("manual_seed") and ("default_generator" in name or first == "torch")
        numpy = name.startswith(("np.random.", "numpy.random.")) and last not in OF_ITS_OWN
        stdlib = first == "random" and name.count(".") == 1 and last not in {"Random", "SystemRandom"}
        given = any(keyword.arg == "generator" for keyword in call.keywords)
        draws = first == "torch" and ((last in DRAWS and not given) or last in {"rand_like", "randn_like"})
        if (seeds and id(call) not in forked) or numpy or stdlib or draws:
            yield f"line {call.lineno}: {name}"


def nothing_is_pickled(path: Path, tree: ast.Module) -> Iterator[str]:
    """A pickle runs code when it is opened."""
    yield from (name for name in imports(tree) if name.split(".")[0] in {"pickle", "dill", "joblib"})
    for name, call in calls(tree):
        allowed = any(k.arg == "allow_pickle" and ast.unparse(k.value) == "True" for k in call.keywords)
        if name in {"torch.load", "torch.save"} or allowed:
            yield f"line {call.lineno}: {name}"


def the_engine_fixes_no_dimensions(path: Path, tree: ast.Module) -> Iterator[str]:
    """x is (B, *D): neither x[:, None, None, None] nor x.view(-1, 1, 1, 1) in playground."""
    if path.parts[0] != "playground":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            found, sizes = ast.unparse(node), node.slice.elts
            fixed = sum(isinstance(size, ast.Constant) and size.value is None for size in sizes)
        elif isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in {"view", "reshape"}:
            found, sizes = ast.unparse(node), node.args
            fixed = sum(isinstance(size, ast.Constant) and size.value == 1 for size in sizes)
        else:
            continue
        if fixed >= 3:
            yield f"line {node.lineno}: {found}"


def files_are_short(path: Path, tree: ast.Module) -> Iterator[str]:
    """Comments and the end of the file are not in the tree, so the file itself is counted."""
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    if lines > 350:
        yield f"{lines} lines"


def there_is_no_drawer_for_odds_and_ends(path: Path, tree: ast.Module) -> Iterator[str]:
    if path.stem in {"utils", "util", "helpers", "misc", "common"}:
        yield path.name


RULES = [
    charts_are_described_once,
    imports_go_one_way,
    streamlit_stays_in_the_pages,
    topics_share_experiments_only,
    chance_is_an_argument,
    nothing_is_pickled,
    the_engine_fixes_no_dimensions,
    files_are_short,
    there_is_no_drawer_for_odds_and_ends,
]


# --- the house keeps them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_the_rule(rule: Rule):
    assert len(SOURCES) > 10
    broken = {}
    for source in SOURCES:
        path = source.relative_to(ROOT)
        if found := list(rule(path, ast.parse(source.read_text(encoding="utf-8")))):
            broken[str(path)] = found
    assert broken == {}


@pytest.mark.parametrize("wing", TOPICS)
def test_every_topic_is_a_folder_with_an_experiment_a_page_and_a_command(wing: str):
    for topic in TOPICS[wing]:
        have = {path.name for path in (ROOT / wing / topic.folder).glob("*.py")}
        assert {"experiment.py", "page.py", "command.py"} <= have, topic.folder
    addresses = [topic.address for topics in TOPICS.values() for topic in topics]
    assert len(set(addresses)) == len(addresses)


# --- and the rules can be broken --------------------------------------------------------------------------

BREACHES = [
    (imports_go_one_way, "playground/walk.py", "from toy2d.mixture import Mixture"),
    (imports_go_one_way, "playground/ui/player.py", "import images"),
    (imports_go_one_way, "toy2d/net.py", "def f():\n    import images.networks.unet"),
    (imports_go_one_way, "images/models.py", "from toy2d import net"),
    (imports_go_one_way, "images/models.py", "from . import unet"),
    (streamlit_stays_in_the_pages, "toy2d/mixing/experiment.py", "import streamlit as st"),
    (streamlit_stays_in_the_pages, "playground/walk.py", "from streamlit.runtime import get_instance"),
    (topics_share_experiments_only, "toy2d/ncsn/command.py", "from toy2d.mixing.command import add"),
    (topics_share_experiments_only, "toy2d/ncsn/figures.py", "import toy2d.mixing.figures"),
    (charts_are_described_once, "toy2d/mixing/figures.py", "import plotly.graph_objects as go"),
    (charts_are_described_once, "toy2d/ncsn/figures.py", "from matplotlib.figure import Figure"),
    (charts_are_described_once, "images/runs/page.py", "from plotly.graph_objects import Figure"),
    (charts_are_described_once, "images/command.py", "import matplotlib.pyplot as plt"),
    (chance_is_an_argument, "toy2d/net.py", "torch.manual_seed(0)"),
    (chance_is_an_argument, "toy2d/net.py", "torch.cuda.manual_seed_all(0)"),
    (chance_is_an_argument, "toy2d/net.py", "torch.default_generator.manual_seed(0)"),
    (chance_is_an_argument, "toy2d/net.py", "np.random.seed(0)"),
    (chance_is_an_argument, "toy2d/net.py", "x = np.random.normal(size=3)"),
    (chance_is_an_argument, "toy2d/net.py", "random.shuffle(x)"),
    (chance_is_an_argument, "toy2d/net.py", "x = torch.randn(3, 2)"),
    (chance_is_an_argument, "toy2d/net.py", "x = torch.randn_like(x)"),
    (nothing_is_pickled, "images/models.py", "import pickle"),
    (nothing_is_pickled, "images/models.py", "torch.load('model.pt')"),
    (nothing_is_pickled, "images/data/mnist.py", "np.load('x.npz', allow_pickle=True)"),
    (the_engine_fixes_no_dimensions, "playground/levels.py", "y = x[:, None, None, None]"),
    (the_engine_fixes_no_dimensions, "playground/levels.py", "y = x.view(-1, 1, 1, 1)"),
    (there_is_no_drawer_for_odds_and_ends, "images/utils.py", ""),
]

FINE = [
    (imports_go_one_way, "toy2d/net.py", "from playground.walk import walk\nfrom toy2d import mixture"),
    (imports_go_one_way, "streamlit_app.py", "import toy2d, images"),
    (streamlit_stays_in_the_pages, "toy2d/mixing/page.py", "import streamlit as st"),
    (streamlit_stays_in_the_pages, "playground/ui/player.py", "import streamlit as st"),
    (streamlit_stays_in_the_pages, "streamlit_app.py", "import streamlit as st"),
    (topics_share_experiments_only, "toy2d/ncsn/page.py", "from toy2d.mixing.experiment import mixing"),
    (topics_share_experiments_only, "toy2d/ncsn/page.py", "from toy2d.ncsn.figures import chart"),
    (chance_is_an_argument, "toy2d/net.py", "x = torch.randn(3, 2, generator=rng)"),
    (chance_is_an_argument, "toy2d/net.py", "rng = torch.Generator().manual_seed(seed)"),
    (chance_is_an_argument, "toy2d/net.py", "x = np.random.default_rng(seed).normal()"),
    (chance_is_an_argument, "images/models.py", "with torch.random.fork_rng():\n    torch.manual_seed(0)"),
    (the_engine_fixes_no_dimensions, "playground/levels.py", "y = x.view(-1, *[1] * (x.ndim - 1))"),
    (the_engine_fixes_no_dimensions, "images/networks/unet.py", "y = x[:, None, None, None]"),
]


@pytest.mark.parametrize("rule, path, code", BREACHES)
def test_a_breach_is_found(rule: Rule, path: str, code: str):
    assert list(rule(Path(path), ast.parse(code)))


@pytest.mark.parametrize("rule, path, code", FINE)
def test_what_is_allowed_is_allowed(rule: Rule, path: str, code: str):
    assert not list(rule(Path(path), ast.parse(code)))


PROSE = sorted([*(ROOT / "toy2d").glob("*/*.md"), *(ROOT / "images").glob("*/*.md")])


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_explains_is_shown_by_it_and_its_formulas_close(path):
    pages = [page.read_text(encoding="utf-8") for page in path.parent.glob("*page.py")]
    named = "" if path.name == "explained.md" else f', "{path.name}"'
    calls = [f"explained(__file__{named}{end}" for end in (")", ", more=")]
    assert sum(any(call in page for call in calls) for page in pages) == 1
    text = path.read_text(encoding="utf-8")
    assert text.splitlines().count("$$") % 2 == 0
    assert text.count("$$") == text.splitlines().count("$$")  # Streamlit wants them on lines of their own
    assert text.replace("$$", "").replace("\\$", "").count("$") % 2 == 0
