"""The chains that the browser runs while π is dragged are the engine's: same formulas, same shares."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from app.browsing import at_rest

from playground.levels import SCHEDULES, Level, seeded
from playground.steps import ancestral, ddim, langevin
from playground.ui.player import asset
from toy2d.annealing.experiment import AnnealingConfig, annealing
from toy2d.annealing.live import live_annealing
from toy2d.diffusion.experiment import STEPS, DiffusionConfig, diffusion
from toy2d.diffusion.live import live_diffusion
from toy2d.live import factors
from toy2d.mixing.experiment import MixingConfig, mixing
from toy2d.mixing.live import live_mixing
from toy2d.net import LearnConfig, learn
from toy2d.presets import MixtureSpec
from toy2d.score_fields.experiment import FieldConfig, score_field
from toy2d.score_fields.live import live_fields
from toy2d.shipped import shipped, told

SIGMAS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0)  # the page's notches

N = 2_000
PIS = (0.15, 0.5, 0.9)


# --- the numbers that Python hands on ---


@pytest.mark.parametrize(
    "step", [langevin(0.3), ddim(0.0), ddim(0.7), ancestral("beta"), ancestral("beta_tilde")]
)
def test_a_step_is_affine_with_the_factors_handed_on(step):
    """Of any x, drive and noise, not of the probes alone: the probes are three points, an affine map is all of them."""
    rng = seeded(0)
    grid = SCHEDULES["linear"]().grid(20)
    here, there = grid[7], grid[8]
    x, drive, z = torch.randn(3, 50, 2, generator=rng, dtype=torch.float64)

    class Given:
        def __call__(self, xt, level):
            return drive

        score = __call__

    column = [Level(one.alpha.double().view(1, 1), one.sigma.double().view(1, 1)) for one in (here, there)]
    push, keep, noise = factors(step, *column)[0].tolist()
    xs, _ = step(Given(), x, here, there, lambda like: z)
    assert torch.allclose(xs, keep * x + push * drive + noise * z, atol=1e-12)


def test_nothing_is_handed_on_where_the_browser_would_be_too_slow_or_has_no_pi():
    assert live_mixing(MixingConfig(L=200, T=1_000, particles=10)) is None
    assert live_mixing(MixingConfig(MixtureSpec("ring"), particles=10)) is None
    assert live_annealing(AnnealingConfig(MixtureSpec("ring"), particles=10)) is None
    assert "pi" not in live_diffusion(DiffusionConfig(MixtureSpec("ring")))["sliders"]
    assert live_diffusion(DiffusionConfig(sampler="heun")) is None
    assert json.loads(json.dumps(live_mixing(MixingConfig())))["panels"][0]["moves"][0][5] == 1_000


# --- in a browser ---


@pytest.fixture
def run_live(page):
    """walked(...) of live_chain.js in Chromium: (spec, pi) -> shares in mode 1, one a panel."""

    def run(spec: dict, pi: float, script: str = "shares[0]") -> list:
        return page.evaluate(
            f"""([spec, pi]) => {{
                {asset("live_chain.js")}
                return spec.panels.filter(Boolean).map((panel) =>
                    walked(spec.mixture, [pi, 1 - pi], panel, spec).{script});
            }}""",
            [spec, pi],
        )

    return run


def same_share(a: float, b: float, n: int = N) -> bool:
    """Four standard errors of the difference of two shares of n, and one particle."""
    p = (a + b) / 2
    return abs(a - b) <= 4 * np.sqrt(2 * p * (1 - p) / n) + 1 / n


@pytest.mark.browser
@pytest.mark.parametrize("preset", ["two_modes", "anisotropic_pair"])
def test_the_browsers_chains_end_in_the_engines_shares(run_live, preset):
    for pi in PIS:
        config = MixingConfig(MixtureSpec(preset, pi), T=30, particles=N, frames=2, seed=3)
        result = mixing(config)
        found = run_live({**live_mixing(config), "particles": N}, pi)
        for share, chain in zip(found, (result.plain, result.annealed), strict=True):
            assert same_share(share, chain.shares[-1, 0]), (pi, share, chain.shares[-1, 0])


@pytest.mark.browser
@pytest.mark.parametrize("rule", ["algorithm1", "prose"])
def test_the_browsers_annealed_chain_ends_in_the_engines_shares(run_live, rule):
    for pi in PIS:
        config = AnnealingConfig(MixtureSpec("two_modes", pi), rule=rule, T=30, particles=N, frames=2)
        found = run_live({**live_annealing(config), "particles": N}, pi)
        assert same_share(found[0], float((annealing(config).modes[-1] == 0).mean())), pi


@pytest.mark.browser
@pytest.mark.parametrize("sampler", ["ddim", "ddpm_beta"])
def test_the_browsers_way_back_ends_in_the_engines_shares(run_live, sampler):
    for pi in PIS:
        config = DiffusionConfig(
            MixtureSpec("two_modes", pi), sampler=sampler, steps=20, particles=N, frames=2
        )
        found = run_live({**live_diffusion(config), "particles": N}, pi)
        assert same_share(found[0], diffusion(config).shares[0]), pi


@pytest.mark.browser
def test_the_browsers_score_and_estimate_are_the_mixtures(run_live):
    """At 200 points, to the precision of its numbers: a walk of one move that goes where the drive says."""
    spec, level = live_mixing(MixingConfig(MixtureSpec("anisotropic_pair", 0.3))), Level.of(0.8, 1.7)
    mixture = MixtureSpec("anisotropic_pair", 0.3).build(torch.float64)
    for what, exact in (("score", mixture.score), ("x0", mixture.denoise)):
        panel = {"what": what, "start": {"kind": "uniform", "half": 8}, "moves": [[0.8, 1.7, 0, 1, 0, 1]]}
        one = {
            **spec,
            "particles": 200,
            "panels": [panel, {**panel, "moves": [[0.8, 1.7, 1, 0, 0, 1]]}],
        }
        driven, at = run_live(one, 0.3, "xs")
        x = torch.tensor(list(at.values()) if isinstance(at, dict) else at, dtype=torch.float64).view(-1, 2)
        s = torch.tensor(list(driven.values()) if isinstance(driven, dict) else driven).double().view(-1, 2)
        assert torch.allclose(s, exact(x, level), atol=1e-5)  # the modes travel in single precision


@pytest.mark.browser
def test_the_picture_follows_pi_before_it_is_released(app, page):
    """Without the server: nothing is sent while the slider is held.  How fast is printed by benchmarks.pages."""
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{app}/mixing?particles=200")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    address, before = page.url, picture_of(page)
    box = page.locator(".st-key-pi [data-testid=stSliderThumbValue]").bounding_box()
    track = page.locator(".st-key-pi [role=group]").bounding_box()
    y = track["y"] + 4
    page.mouse.move(box["x"] + box["width"] / 2, y)
    assert sent  # the page came by this socket, so that what is not sent below would be seen
    sent.clear()
    page.mouse.down()
    pictures, said = [before], None
    for share in (0.7, 0.5, 0.3, 0.2):
        page.mouse.move(track["x"] + share * track["width"], y)
        said = drawn_anew(page, ".player", said)
        pictures.append(picture_of(page))
    held = json.loads(said)
    assert held["value"] == pytest.approx(0.2, abs=0.05)
    slack = 4 * 0.5 / held["particles"] ** 0.5  # standard errors of a share
    assert abs(held["shares"][1] - held["value"]) < slack + 0.02  # annealed has a bias of its own
    assert abs(held["shares"][0] - 0.5) < slack  # plain: the start decides
    assert len(set(pictures)) == len(pictures)  # each move has drawn another picture
    assert page.url == address and not sent  # nothing was run while it was held
    page.mouse.up()
    page.locator(".player:not([data-live])").first.wait_for()  # Python's own picture
    at_rest(page)
    assert page.url != address and sent


def drawn_anew(page, of: str, before: str | None) -> str:
    """data-live of `of`, once it is another than before: it is set when all is drawn, beside other tests late."""
    for _ in range(200):
        page.wait_for_timeout(50)
        now = page.locator(of).first.get_attribute("data-live")
        if now not in (None, before):
            return now
    raise AssertionError(f"nothing was drawn for ten seconds after {before}")


def picture_of(page) -> str:
    """All that the page's first canvas shows."""
    return page.locator(".player canvas").first.evaluate("(one) => one.toDataURL()")


# --- steps and η on Diffusion, σ and π on Score fields ---


@pytest.mark.browser
@pytest.mark.parametrize(("slider", "place"), [("steps", 1), ("steps", 6), ("eta", 0), ("eta", 12)])
def test_each_place_of_a_slider_has_the_walk_of_the_engine(run_live, slider, place):
    """The share in mode 1 after 2 and 100 steps, and after 20 steps at η = 0 and 0.6."""
    config = DiffusionConfig(MixtureSpec("two_modes", 0.7), steps=20, particles=N, frames=2)
    spec = live_diffusion(config)
    places = spec["sliders"][slider]
    panels = [panel and {**panel, "moves": places["moves"][place]} for panel in spec["panels"]]
    found = run_live({**spec, "panels": panels, "particles": N}, 0.7)
    value = STEPS[place] if slider == "steps" else round(places["low"] + place * places["step"], 2)
    assert same_share(found[0], diffusion(replace(config, **{slider: value})).shares[0])


@pytest.fixture
def fields_in_browser(page):
    """fieldsAt(...) of live_net.js in Chromium."""

    def run(spec: dict, at: dict) -> dict[str, np.ndarray]:
        found = page.evaluate(
            f"""([spec, at]) => {{
                {asset("live_chain.js")}
                {asset("live_net.js")}
                const found = fieldsAt(spec, {{ ...at, code: toldWeight(at.weights[0]) }});
                return Object.fromEntries(Object.entries(found).map(([k, v]) => [k, v.length ? [...v] : v]));
            }}""",
            [spec, at],
        )
        return {name: np.array(value) for name, value in found.items()}

    return run


@pytest.mark.browser
@pytest.mark.parametrize(("pi", "sigma"), [(0.15, 0.5), (0.5, 2.0), (0.9, 10.0)])
def test_the_browsers_fields_are_the_engines(fields_in_browser, pi, sigma):
    """Described once for π = 0.8, σ = 1, and asked elsewhere, as a drag does.  Exact: modes and weights travel in
    single precision, and a score of order ten has six digits.  Learned: sums of a hundred products in single precision,
    over σ**2 where estimate and point are subtracted.  The area: counted on a coarser grid, of 37 points a side,
    so that its edge, of a few dozen points of 1,369, is a few per cent of it.
    """
    here = FieldConfig(MixtureSpec("two_modes", pi), sigma)
    spec = live_fields(FieldConfig(), shipped(told(MixtureSpec(), "ncsn")), SIGMAS, "field")
    found = fields_in_browser(spec, {"weights": [pi, 1 - pi], "sigma": sigma})
    true = score_field(here, shipped(told(here.mixture, "ncsn")))
    pick = np.linspace(0, here.resolution - 1, spec["arrows"]).round().astype(int)
    density = np.exp((true.log_density - true.log_density.max()) / 2)
    assert np.allclose(found["density"].reshape(density.shape), density, atol=1e-5)
    exact, learned = (field[np.ix_(pick, pick)] for field in (true.exact, true.learned))
    assert np.allclose(found["exact"].reshape(exact.shape), exact, rtol=1e-5, atol=1e-5)
    assert np.allclose(found["learned"].reshape(learned.shape), learned, rtol=1e-3, atol=1e-4 / sigma**2)
    assert abs(found["area"] - true.error.area) < 0.05


def test_a_network_of_one_sigma_is_not_asked_at_another():
    one = learn(LearnConfig(objective="dsm", points=50, steps=2, width=8))
    assert live_fields(FieldConfig(), one, SIGMAS, "field")["net"] is None
    many = learn(LearnConfig(objective="ncsn", points=50, steps=2, width=8))
    assert live_fields(FieldConfig(), many, SIGMAS, "field")["net"]["follows"] == ["sigma"]
    assert "pi" not in live_fields(FieldConfig(MixtureSpec("ring")), None, SIGMAS, "field")["sliders"]


def dragged(page, slider: str, shares, of: str) -> list[dict]:
    """Takes hold of a slider and moves it to these shares of its track -> data-live of `of` after each."""
    box = page.locator(f".st-key-{slider} [data-testid=stSliderThumbValue]").bounding_box()
    track = page.locator(f".st-key-{slider} [role=group]").bounding_box()
    y = track["y"] + 4
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    said: list[str | None] = [None]
    for share in shares:
        page.mouse.move(track["x"] + share * track["width"], y)
        said.append(drawn_anew(page, of, said[-1]))
    return [json.loads(each) for each in said[1:]]


@pytest.mark.browser
def test_the_fields_follow_sigma_before_it_is_released(app, page):
    page.goto(f"{app}/score-fields")
    page.locator(".st-key-field-panels-3 .js-plotly-plot .main-svg").first.wait_for()
    at_rest(page)
    address = page.url
    found = dragged(page, "sigma", (0.7, 0.9, 0.3, 0.62, 0.8, 0.1), ".live-field")
    sigmas = [one["sigma"] for one in found]
    assert len(set(sigmas)) == 6 and set(sigmas) <= set(SIGMAS)
    assert (
        min(one["ms"] for one in found) < 300
    )  # milliseconds, of which 100 on a quiet machine: tests are not alone
    assert page.locator(".st-key-field-panels-3 canvas").count() == 3 and page.url == address
    page.mouse.up()
    page.locator(".live-field:not([data-live])").first.wait_for(state="attached")  # Python's own picture
    at_rest(page)
    assert (
        page.locator(".st-key-field-panels-3 .js-plotly-plot > canvas").count() == 0 and page.url != address
    )
    title = page.locator(".st-key-field-panels-3 .annotation").all_text_contents()
    assert any("in " in text for text in title)


@pytest.mark.browser
def test_the_one_field_of_an_exact_score_alone_follows_too(app, page):
    page.goto(f"{app}/score-fields?taught=none")
    page.locator(".st-key-field .js-plotly-plot .main-svg").first.wait_for()
    at_rest(page)
    assert len({one["sigma"] for one in dragged(page, "sigma", (0.7, 0.3), ".live-field")}) == 2
    assert page.locator(".st-key-field canvas").count() == 1
    page.mouse.up()


@pytest.mark.browser
def test_the_samples_follow_the_steps_before_they_are_released(app, page):
    page.goto(f"{app}/diffusion?particles=200")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    address = page.url
    found = dragged(page, "steps", (0.75, 0.45, 0.2), ".player")
    assert min(one["ms"] for one in found) < 100 or found[-1]["particles"] == 100
    assert len({one["value"] for one in found}) == 3 and page.url == address
    assert any("live" in text and "steps" in text for text in page.locator(".caption").all_inner_texts())
    page.mouse.up()
    page.locator(".player:not([data-live])").first.wait_for()
    at_rest(page)
    assert page.url != address
