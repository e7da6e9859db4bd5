"""streamlit run streamlit_app.py: navigation only."""

import os
from pathlib import Path

# Before torch is loaded: its threads sleep while they wait, so that a training beside the app keeps its speed.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import streamlit as st

from playground.ui.home import home

UI = Path(__file__).parent / "playground" / "ui"

# file (its name is the page's address), title, icon, and what the start page says of it
PAGES = {
    "Two dimensions": (
        (
            "toy2d/pages/autoencoder.py",
            "Denoising autoencoder",
            "blur_off",
            "It denoises, and so knows the score.",
        ),
        (
            "toy2d/pages/score_fields.py",
            "Score fields",
            "explore",
            "Exact and learned arrows, and where they part.",
        ),
        ("toy2d/pages/low_density.py", "Problem 1: low density", "blur_circular", "Few data, poor scores."),
        (
            "toy2d/pages/mixing.py",
            "Mixing",
            "scatter_plot",
            "Move π: plain Langevin fails, annealed does not.",
        ),
        (
            "toy2d/pages/crossing.py",
            "Mixing time",
            "hourglass",
            "How long plain Langevin would need: steps, or years.",
        ),
        (
            "toy2d/pages/annealing.py",
            "Annealed Langevin",
            "stairs",
            "Levels, steps and step sizes, dissected.",
        ),
        (
            "toy2d/pages/ncsn.py",
            "NCSN",
            "stacked_line_chart",
            "One network for all sigmas; what lambda(sigma) does.",
        ),
        (
            "toy2d/pages/dpm.py",
            "Diffusion probabilistic model",
            "steps",
            "Chain, posterior and bound, in nats.",
        ),
        ("toy2d/pages/diffusion.py", "Diffusion", "grain", "Data to noise, and back by DDPM or DDIM."),
        (
            "toy2d/pages/two_families.py",
            "DDPM against NCSN",
            "sync_alt",
            "Each network with the other's sampler.",
        ),
        (
            "toy2d/pages/few_steps.py",
            "Fewer steps",
            "fast_forward",
            "eta, steps, and solvers that need fewer of them.",
        ),
        (
            "toy2d/pages/likelihood.py",
            "Likelihood",
            "landscape",
            "The density, in nats, by the deterministic flow.",
        ),
        (
            "toy2d/pages/guidance.py",
            "Guidance",
            "near_me",
            "Pull samples towards a class; see where they really end.",
        ),
        (
            "toy2d/pages/inpainting_2d.py",
            "Inpainting in 2-D",
            "healing",
            "One coordinate is seen: who fills in the other?",
        ),
        (
            "toy2d/pages/own_data.py",
            "Your own data",
            "draw",
            "Paint points: who memorises, who learns the shape?",
        ),
    ),
    "MNIST": (
        ("images/pages/generate.py", "Generate", "auto_awesome", "Digits from noise, step by step."),
        ("images/pages/inpaint.py", "Inpaint", "brush", "Paint a hole into a digit; see it filled in."),
        ("images/pages/train.py", "Train", "model_training", "Train the model on real digits, and watch."),
        ("images/pages/families.py", "DDPM and NCSN", "compare", "The lecture's two families, side by side."),
        (
            "images/pages/compare.py",
            "Runs and metrics",
            "monitoring",
            "Runs compared by loss, samples and metrics.",
        ),
        (
            "images/pages/table1.py",
            "Table 1",
            "table_chart",
            "The lecture's table of eta and steps, on MNIST.",
        ),
    ),
}


def built(path: str, title: str, icon: str) -> st.Page:
    address = path.rpartition("/")[2].removesuffix(".py").replace("_", "-")
    return st.Page(path, title=title, icon=f":material/{icon}:", url_path=address)


sections = {
    name: [(built(path, title, icon), blurb) for path, title, icon, blurb in pages]
    for name, pages in PAGES.items()
}
start = st.Page(lambda: home(sections), title="Start", icon=":material/home:", url_path="start", default=True)
st.set_page_config(page_title="Denoising playground", page_icon=str(UI / "icon.png"), layout="wide")
st.html(UI / "style.css")
st.navigation(
    {"": [start], **{name: [page for page, _ in pages] for name, pages in sections.items()}}, position="top"
).run()
