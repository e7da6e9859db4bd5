"""The chains that the browser runs while π is dragged are the engine's: same formulas, same shares."""

import json

import numpy as np
import pytest
import torch
from app.test_browser import CHROMIUM, QUIET, app, at_rest, page  # noqa: F401

from playground.levels import SCHEDULES, Level, seeded
from playground.steps import ancestral, ddim, langevin
from playground.ui.player import _asset
from toy2d.diffusion.experiment import DiffusionConfig, diffusion
from toy2d.diffusion.live import live_diffusion
from toy2d.live import factors
from toy2d.mixing.experiment import MixingConfig, mixing
from toy2d.mixing.live import live_mixing
from toy2d.presets import MixtureSpec

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

    keep, push, noise = factors(step, here, there)
    xs, _ = step(Given(), x, here, there, lambda like: z)
    assert torch.allclose(xs, keep * x + push * drive + noise * z, atol=1e-12)


def test_nothing_is_handed_on_where_the_browser_would_be_too_slow_or_has_no_pi():
    assert live_mixing(MixingConfig(L=200, T=1_000, particles=10)) is None
    assert live_mixing(MixingConfig(MixtureSpec("ring"), particles=10)) is None
    assert live_diffusion(DiffusionConfig(sampler="heun")) is None
    assert json.loads(json.dumps(live_mixing(MixingConfig())))["panels"][0]["moves"][0]["times"] == 1_000


# --- in a browser ---


@pytest.fixture
def run_live():
    """walked(...) of live_chain.js in Chromium: (spec, pi) -> shares in mode 1, one a panel."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        blank = browser.new_page()

        def run(spec: dict, pi: float, script: str = "shares[0]") -> list:
            return blank.evaluate(
                f"""([spec, pi]) => {{
                    {_asset("live_chain.js")}
                    return spec.panels.filter(Boolean).map((panel) =>
                        walked(spec.mixture, [pi, 1 - pi], panel, spec).{script});
                }}""",
                [spec, pi],
            )

        yield run
        browser.close()


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
    move = {"alpha": 0.8, "sigma": 1.7, "keep": 0, "push": 1, "noise": 0, "times": 1}
    for what, exact in (("score", mixture.score), ("x0", mixture.denoise)):
        panel = {"what": what, "start": {"kind": "uniform", "half": 8}, "moves": [move]}
        one = {
            **spec,
            "particles": 200,
            "panels": [panel, {**panel, "moves": [{**move, "keep": 1, "push": 0}]}],
        }
        driven, at = run_live(one, 0.3, "xs")
        x = torch.tensor(list(at.values()) if isinstance(at, dict) else at, dtype=torch.float64).view(-1, 2)
        s = torch.tensor(list(driven.values()) if isinstance(driven, dict) else driven).double().view(-1, 2)
        assert torch.allclose(s, exact(x, level), atol=1e-5)  # the modes travel in single precision


@pytest.mark.browser
def test_the_picture_follows_pi_before_it_is_released(app, page):  # noqa: F811
    page.goto(f"{app}/mixing?particles=200")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    address = page.url
    box = page.locator(".st-key-pi [data-testid=stSliderThumbValue]").bounding_box()
    track = page.locator(".st-key-pi [role=group]").bounding_box()
    y = track["y"] + 4
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    took = []
    for share in (0.7, 0.5, 0.3, 0.2):
        page.mouse.move(track["x"] + share * track["width"], y)
        page.wait_for_timeout(250)
        took.append(json.loads(page.locator(".player").first.get_attribute("data-live"))["ms"])
    held = json.loads(page.locator(".player").first.get_attribute("data-live"))
    assert held["value"] == pytest.approx(0.2, abs=0.05)
    slack = 4 * 0.5 / held["particles"] ** 0.5  # standard errors of a share
    assert abs(held["shares"][1] - held["value"]) < slack + 0.02  # annealed has a bias of its own
    assert abs(held["shares"][0] - 0.5) < slack  # plain: the start decides
    assert min(took) < 100 or held["particles"] == 100, (
        took
    )  # milliseconds; a machine busy with tests is slower
    assert page.url == address  # nothing was run while it was held
    page.mouse.up()
    page.locator(".player:not([data-live])").first.wait_for()  # Python's own picture
    at_rest(page)
    assert page.url != address
