"""Page "DALL-E 2 in the plane": a caption, prior and decoder exact; and the text embedding in the prior's place."""

import streamlit as st

from playground.statistics import interval
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, folded, page, verdict_line
from playground.ui.tries import tries
from toy2d.captions.experiment import TEXT, WAYS, Captions, CaptionsConfig, captions
from toy2d.captions.figures import caption_clouds, prior_chart
from toy2d.presets import MixtureSpec
from toy2d.ui import NAMES, preset_widget, show_clouds

FIRST = CaptionsConfig()
# The two modes lie on one line: no caption leaves any open.
ROOM = {name: called for name, called in NAMES.items() if name != "two_modes"}


def settings() -> CaptionsConfig:
    a, b, c, d = st.columns([1.6, 2, 2, 1], vertical_alignment="bottom")
    form = Form(CaptionsConfig)
    form.ask(a.selectbox, "Caption: points on the side", "caption")
    form.ask(
        b.slider, "z measures the direction, degrees", "angle", 15.0, help="0: z is x, 90: z is y, and noise"
    )
    form.ask(c.slider, "Noise of z", "noise", 0.05)
    with folded("More", d):
        preset = preset_widget(st, FIRST.mixture.preset, ROOM)
        form.ask(st.select_slider, "Steps", "steps")
        form.ask(st.number_input, "Points", "particles")
        form.ask(st.number_input, "Seed", "seed")
    return form.made(mixture=MixtureSpec(preset))


def table(found: Captions) -> None:
    rows = [
        {
            "the decoder is told": WAYS[name],
            "distance to p(x | caption)": f"{way.distance:.3f}",
            "above the floor": interval(way.above, "+.3f"),
            "mean log density": f"{way.likely:.2f}",
        }
        for name, way in found.ways.items()
    ]
    rows.append({"the decoder is told": "exact samples (floor)", "distance to p(x | caption)": f"{found.floor:.3f}",
                 "above the floor": "", "mean log density": f"{found.likely:.2f}"})  # fmt: skip
    st.dataframe(rows, hide_index=True, key="captions-table", width="stretch")


with page("DALL-E 2 in the plane"):
    tries(__file__)
    config = settings()
    found = cached("captions", config, captions, "Sampling")
    above = st.container()
    text = found.ways[TEXT]
    verdict_line(
        f"Claim: the text embedding in place of a drawn z leads away from p(x | caption): {text.distance:.2f} from it, "
        f"floor {found.floor:.2f}, {interval(text.above, '+.2f')}, "
        f"{found.at}.",
        found.verdict,
    )
    table(found)
    with above:
        show_clouds(caption_clouds(found), "captions", fps=15)
    chart(prior_chart(found), "captions-prior")
    explained(__file__)
