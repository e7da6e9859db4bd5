"""CLIPs compared: what a table is made of, its two intervals against closed forms, and what is refused."""

import json

import pytest
import torch

from images.__main__ import main
from images.dalle2.clip_experiment import told_rightly, zero_shot
from images.dalle2.clip_table import BAG, EVERY, OWN, ClipTable, Trained, claims, clip_table, read
from images.data.captions import ATTRIBUTES
from images.data.mnist import load
from images.networks.clip import ClipConfig
from images.training.config import with_changes
from images.training.presets import PRESETS
from images.training.session import MODEL, Session, run
from playground.errors import UserError
from playground.levels import seeded


@pytest.fixture(scope="module")
def few():
    return load("test", download=False).part(0, 60)


def made(name: str, seed: int, length: int = 40) -> Trained:
    net = ClipConfig(16, 8, layers=0 if name == BAG else 1).build(seed)
    return Trained(name, seed, length, net.eval().requires_grad_(False))


def all_alike(shares: dict[str, list[float]], n: int = 1000) -> ClipTable:
    """A table whose digits are right independently, with these shares for each seed and every attribute."""
    rng = seeded(0)
    drawn = {name: torch.stack([torch.rand(n, generator=rng) < s for s in of]) for name, of in shares.items()}
    seeds = tuple(range(len(next(iter(shares.values())))))
    return ClipTable({name: dict.fromkeys(ATTRIBUTES, right) for name, right in drawn.items()}, seeds, 40)


def test_a_digit_is_right_where_its_nearest_caption_is_true_and_shares_count_that(few):
    clip = made(EVERY, 0).clip
    right, shares = told_rightly(clip, few), zero_shot(clip, few).shares
    assert {name: int(hits.sum()) for name, hits in right.items()} == {n: s.hits for n, s in shares.items()}


def test_over_digits_the_difference_of_one_seed_is_that_of_the_shares_with_the_paired_interval():
    found = all_alike({EVERY: [0.9], OWN: [0.8]})
    mine, its = (found.right[name]["digit"][0].double() for name in (EVERY, OWN))
    apart = found.over_digits("digit", OWN)
    assert apart.value == pytest.approx(float(mine.mean() - its.mean()))
    half = 1.96 * float((mine - its).std()) / 1000**0.5
    assert (apart.low, apart.high) == pytest.approx((apart.value - half, apart.value + half))
    assert found.over_trainings("digit", OWN) is None


def test_over_trainings_two_seeds_are_far_less_sure_than_many_digits():
    """Student's interval of two pairs is 12.7 standard errors to each side."""
    found = all_alike({EVERY: [0.92, 0.88], OWN: [0.80, 0.82]})
    digits, trainings = found.over_digits("slant", OWN), found.over_trainings("slant", OWN)
    assert trainings.value == pytest.approx(digits.value)
    shares = [found.right[name]["slant"].double().mean(1) for name in (EVERY, OWN)]
    apart = shares[0] - shares[1]
    assert trainings.high - trainings.value == pytest.approx(12.7062 * float(apart.std()) / 2**0.5, rel=1e-4)
    assert digits.low > 0 > trainings.low
    assert all("cannot be told at 2 trainings" in said for said in claims(found))


def test_the_claim_holds_for_a_large_gap_and_fails_for_its_opposite():
    good = all_alike({EVERY: [0.9, 0.9, 0.9], BAG: [0.5, 0.5, 0.5]})
    bad = all_alike({EVERY: [0.5, 0.5, 0.5], BAG: [0.9, 0.9, 0.9]})
    assert all(": holds;" in said for said in claims(good))
    assert all(": does not hold;" in said for said in claims(bad))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([(EVERY, 0)], "name some of the preset"),
        ([(OWN, 0), (BAG, 0)], "name some of the preset"),
        ([(EVERY, 0), (OWN, 1)], "once at each seed"),
        ([(EVERY, 0), (EVERY, 0), (OWN, 0), (OWN, 0)], "once at each seed"),
        ([(EVERY, 0), (OWN, 0, 80)], "as many"),
    ],
)
def test_files_that_cannot_be_compared_are_refused(files, said, few):
    with pytest.raises(UserError, match=said):
        clip_table([made(*each) for each in files], few)


def test_the_command_reads_what_the_presets_train(few, tmp_path, capsys):
    digits = load("train", download=False).part(0, 100)
    files = []
    for preset in ("clip", "clip-own", "clip-bag"):
        config = with_changes(PRESETS[preset], images=40, batch=20, width=8, size=16)
        session = Session(config, digits, tmp_path / preset, torch.device("cpu"))
        assert run(session, report=lambda p: None, stopped=lambda: False)
        files.append(str(tmp_path / preset / MODEL))
    assert [read(file).name for file in files] == [EVERY, OWN, BAG]
    assert main(["table-clip", *files, "--digits", "30", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "one training each" in printed and "N = 30 test digits" in printed
    about = json.loads((tmp_path / "out" / "table-clip.json").read_text())
    assert set(about["differences"]) == {OWN, BAG} and about["seeds"] == [0]
    assert main(["table-clip", files[0], "--out", str(tmp_path / "out")]) == 2
