"""Every chart of the 2-D wing, of a tiny run: on the page and on paper it has the same series and the same numbers."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from charts_drawn import calls, drawn_alike, unnamed

import toy2d
from playground.charts import Chart
from playground.levels import SCHEDULES
from toy2d.annealing import experiment as annealing
from toy2d.annealing import figures as annealing_figures
from toy2d.autoencoder import experiment as autoencoder
from toy2d.autoencoder import figures as autoencoder_figures
from toy2d.captions import experiment as captions
from toy2d.captions import figures as captions_figures
from toy2d.ddpm_and_ncsn import experiment as families
from toy2d.ddpm_and_ncsn import figures as families_figures
from toy2d.ddpm_and_ncsn import told_figures, told_noise
from toy2d.diffusion import experiment as diffusion
from toy2d.diffusion import figures as diffusion_figures
from toy2d.few_steps import experiment as few_steps
from toy2d.few_steps import figures as few_steps_figures
from toy2d.few_steps import flow
from toy2d.forward_and_bound import bound, bound_figures
from toy2d.forward_and_bound import experiment as forward
from toy2d.forward_and_bound import figures as forward_figures
from toy2d.guidance import best_w
from toy2d.guidance import experiment as guidance
from toy2d.guidance import figures as guidance_figures
from toy2d.inpainting import experiment as inpainting
from toy2d.inpainting import figures as inpainting_figures
from toy2d.inpainting import sweeps
from toy2d.inverse_problems import experiment as inverse
from toy2d.inverse_problems import figures as inverse_figures
from toy2d.latents import experiment as latents
from toy2d.latents import figures as latents_figures
from toy2d.likelihood import experiment as likelihood
from toy2d.likelihood import figures as likelihood_figures
from toy2d.low_density import experiment as low_density
from toy2d.low_density import figures as low_density_figures
from toy2d.mixing import experiment as mixing
from toy2d.mixing import figures as mixing_figures
from toy2d.mixing_time import experiment as mixing_time
from toy2d.mixing_time import figures as mixing_time_figures
from toy2d.mixing_time import recovery
from toy2d.ncsn import experiment as ncsn
from toy2d.ncsn import figures as ncsn_figures
from toy2d.net import LearnConfig, Learned, learn
from toy2d.own_data import experiment as own_data
from toy2d.own_data import figures as own_data_figures
from toy2d.score_fields import experiment as score_fields
from toy2d.score_fields import figures as score_fields_figures


@cache
def network(objective: str = "ddpm", **options) -> Learned:
    return learn(LearnConfig(objective=objective, points=200, steps=2, width=8, **options))


def of_annealing() -> list[Chart]:
    base = annealing.AnnealingConfig(L=3, T=5, particles=50)
    config = annealing.MapConfig(base, xs=(2, 3), ys=(0.1, 50.0))  # the second diverges
    f = annealing_figures
    return calls(f.step_chart, {"algorithm1": base}) + calls(
        f.map_chart, config, annealing.annealing_map(config)
    )


def of_autoencoder() -> list[Chart]:
    config = autoencoder.AutoencoderConfig(samples=200, resolution=21)
    one = autoencoder.autoencoder(config, network("dae", sigma=1.0))
    many = autoencoder.descent(autoencoder.DescentConfig(levels=2, points=200, steps=2, width=8, samples=200))
    return calls(autoencoder_figures.arrows_chart, one) + calls(autoencoder_figures.descent_chart, many)


def of_families() -> list[Chart]:
    config = families.FamiliesConfig(
        levels=3, T=2, steps=5, points=200, train_steps=2, particles=50, frames=3
    )
    result = families.two_families(config, {"ncsn": network("ncsn"), "ddpm": network()})
    f, told = families_figures, told_noise.ToldConfig(levels=3, hold=2, particles=50, repeats=2)
    found = told_noise.told_noise(told, {"ncsn": network("ncsn").denoise})
    return [
        *calls(f.distance_chart, result, "energy"), *calls(f.learned_chart, result),
        *calls(f.families_charts, config, result), *calls(told_figures.told_charts, told, found),
    ]  # fmt: skip


def of_captions() -> list[Chart]:
    found, f = captions.captions(captions.CaptionsConfig(steps=5, particles=100, frames=3)), captions_figures
    return calls(f.prior_chart, found) + calls(f.captions_charts, found)


def of_diffusion() -> list[Chart]:
    config = diffusion.DiffusionConfig(steps=5, particles=100, frames=5)
    result = diffusion.diffusion(config)
    f = diffusion_figures
    return calls(f.weights_chart, config, result) + calls(f.diffusion_charts, config, result)


def of_few_steps() -> list[Chart]:
    config, f = few_steps.FewStepsConfig(steps=(3, 5), particles=50, repeats=2), few_steps_figures
    flowing = flow.FlowConfig(steps=(5, 10), points=20)
    table, trip, orders = few_steps.few_steps(config), flow.round_trip(flowing, 5), flow.orders(flowing)
    return [
        *calls(f.table_chart, config, table, "sliced"), *calls(f.cost_chart, table, "energy"),
        *calls(f.paths_chart, {"ODE": flow.paths(0.8, 0.0, 10, 5)}), *calls(f.solver_chart, trip, "error"),
        *calls(f.few_steps_charts, table, trip, orders),
    ]  # fmt: skip


def of_forward_and_bound() -> list[Chart]:
    config, f, b = forward.ForwardConfig(steps=5, t=3, particles=100), forward_figures, bound_figures
    path = forward.forward(config)
    found, bounding = forward.posterior(config, path), bound.BoundConfig(steps=10, samples=50)
    terms, gaps = bound.bounds(bounding, {}), bound.gaps_by_length(bounding, {})
    losses = bound.losses(bounding, {"simple": network(), "weighted": network()})
    return [
        *calls(f.paths_chart, config, path), *calls(f.posterior_chart, found),
        *calls(f.forward_charts, config, path, found), *calls(b.terms_chart, terms), *calls(b.gaps_chart, gaps),
        *calls(b.losses_chart, losses), *calls(b.bound_charts, terms, gaps),
        *calls(b.weights_chart, SCHEDULES["linear"]()),
    ]  # fmt: skip


def of_guidance() -> list[Chart]:
    config, f = guidance.GuidanceConfig(steps=5, particles=60, frames=3), guidance_figures
    tiny = best_w.BestWConfig(lengths=(2, 4), trainings=2, ws=(0.0, 1.0), steps=3, particles=50, points=100)
    result, swept = guidance.guidance(config), guidance.guidance_sweep(config)
    return [
        *calls(f.ends_chart, config, result), *calls(f.along_chart, result), *calls(f.sweep_chart, swept),
        *calls(f.guidance_charts, config, result),
        *calls(f.best_w_chart, best_w.best_w(tiny)),
    ]  # fmt: skip


def of_inpainting() -> list[Chart]:
    config, f = inpainting.InpaintConfig(resamplings=2, steps=5, particles=60, frames=3), inpainting_figures
    result, moved = inpainting.inpainting(config), sweeps.over_observations(config, count=3, particles=20)
    narrow = sweeps.narrowing(config, (1, 2))
    return [
        *calls(f.filled_chart, config, result), *calls(f.low_chart, config, result),
        *calls(f.shares_chart, config, moved, "observed x"), *calls(f.narrowing_chart, config, narrow),
        *calls(f.inpainting_charts, config, result),
    ]  # fmt: skip


def of_inverse_problems() -> list[Chart]:
    config, f = inverse.InverseConfig(problems=20, samples=2, steps=3), inverse_figures
    found = inverse.inverse(config)
    parts = calls(f.plane_chart, config, found) + calls(f.means_chart, found)
    return parts + calls(f.inverse_charts, config, found)


def of_likelihood() -> list[Chart]:
    result = likelihood.likelihood(likelihood.LikelihoodConfig(steps=5, resolution=11, samples=20))
    f = likelihood_figures
    return [
        *calls(f.maps_chart, result), *calls(f.parts_chart, result.errors), *calls(f.steps_chart, result),
        *calls(f.likelihood_charts, result),
    ]  # fmt: skip


def of_latents() -> list[Chart]:
    found, f = latents.latents(latents.LatentsConfig(points=20, steps=3)), latents_figures
    both = found, latents.there_and_back(20, 0)
    return [*calls(f.codes_charts, found), *calls(f.curves_charts, *both), *calls(f.latents_charts, *both)]


def of_low_density() -> list[Chart]:
    config = low_density.LowDensityConfig(points=200, width=8, steps=2, sigmas=3, resolution=21)
    result, f = low_density.low_density(config, low_density.learn_pair(config)), low_density_figures
    table = {"one": np.array([0.1, 0.2]), "many": np.array([0.3, 0.4])}
    swept = low_density.Sweep(np.array([100, 1_000]), table, table)
    return [
        *calls(f.maps_chart, config, result), *calls(f.by_density_chart, config, result),
        *calls(f.by_sigma_chart, config, result), *calls(f.low_density_charts, config, result),
        *calls(f.sweep_chart, swept),
    ]  # fmt: skip


def of_mixing() -> list[Chart]:
    found, f = [], mixing_figures
    for preset in ("two_modes", "ring"):
        mixture = type(mixing.MixingConfig().mixture)(preset)
        config = mixing.MixingConfig(mixture, L=2, T=5, particles=60, frames=5)
        result = mixing.mixing(config)
        found += calls(f.shares_chart, config, result) + calls(f.mixing_charts, config, result)
    return found


def of_mixing_time() -> list[Chart]:
    config, f = (
        mixing_time.CrossingConfig(distance=1.0, particles=60, longest=60, frames=5),
        mixing_time_figures,
    )
    swept = mixing_time.SweepConfig(distances=(0.5, 1.0), measured_at=(1.0,), particles=60, longest=60)
    weights = recovery.recovery(recovery.RecoveryConfig((0.2, 0.7), repeats=2, L=2, T=5, particles=40))
    return [
        *calls(f.relaxation_chart, config, mixing_time.crossing(config)),
        *calls(f.times_chart, mixing_time.sweep(swept), 1.0), *calls(f.recovery_chart, weights),
    ]  # fmt: skip


def of_ncsn() -> list[Chart]:
    config = ncsn.NcsnConfig(levels=3, points=200, train_steps=2, T=2, particles=60, frames=3)
    networks = {name: network(name) for name in ncsn_figures.NAMES}
    result, f = ncsn.ncsn(config, networks), ncsn_figures
    return [
        *calls(f.error_chart, result), *calls(f.share_chart, result), *calls(f.ncsn_charts, config, result)
    ]  # fmt: skip


def of_own_data() -> list[Chart]:
    config = own_data.OwnDataConfig(n=20, steps=5, particles=60, frames=3)
    result, f = own_data.own_data(config, network("ddpm")), own_data_figures
    return calls(f.nearest_chart, config, result) + calls(f.own_data_charts, config, result)


def of_score_fields() -> list[Chart]:
    result = score_fields.score_field(score_fields.FieldConfig(resolution=21), network("dsm", sigma=1.0))
    return calls(score_fields_figures.error_by_density_chart, result)


TOPICS = {name.removeprefix("of_"): make for name, make in list(globals().items()) if name.startswith("of_")}


@pytest.mark.parametrize("topic", TOPICS)
def test_page_and_paper_carry_the_same_series_and_numbers(topic: str):
    drawn_alike(TOPICS[topic]())


def test_every_chart_of_the_wing_was_looked_at():
    assert not unnamed(toy2d, Path(__file__))
