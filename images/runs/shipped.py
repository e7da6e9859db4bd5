"""The models that came with the project, as rows of the page of runs: from their cards, nothing is loaded."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from images.metrics.estimates import FCD
from images.models import SHIPPED
from playground.claims import as_good
from playground.progress import duration
from playground.statistics import HOLDS, Difference, Z, difference, interval, verdict

NAME = "the shipped model"


def cards() -> dict[str, dict[str, Any]]:
    """name -> card, of the models that say what they were trained by; those with figures first."""
    found = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SHIPPED.parent.glob("*.json")
    }
    trained = {name: card for name, card in sorted(found.items()) if "images" in card.get("config", {})}
    return dict(sorted(trained.items(), key=lambda item: "evaluation" not in item[1]))


def rows(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One a model, as the runs have theirs."""
    return [
        {
            "model": f"{name}.safetensors",
            "task": card["config"].get("task", "digits"),
            "network": f"{card['config']['net']} {card['config']['width']} x {card['config']['blocks']}",
            "parameters": card["parameters"],
            "images seen": card.get("images_seen"),
            "time": duration(card["seconds"]) if card.get("seconds") else "",
            "device": card.get("device", ""),
            FCD: _told(card["evaluation"]) if "evaluation" in card else "not measured",
        }
        for name, card in found.items()
    ]


def _told(found: Mapping[str, Any]) -> str:
    value = found["metrics"][FCD]
    n = found["config"]["samples"]
    return f"{value['value']:.2f} ({value['low']:.2f} to {value['high']:.2f}; N = {n:,})"


def shipped_evaluation(path: Path = SHIPPED) -> dict[str, Any] | None:
    """What was measured of the shipped model; None where its card is missing or says nothing."""
    card = path.with_suffix(".json")
    found = json.loads(card.read_text(encoding="utf-8")) if card.exists() else {}
    measured: dict[str, Any] | None = found.get("evaluation")
    return measured


def said(measured: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Which of the measured models is nearest to real digits, whether it is as near as real ones are, and whether the
    others are told from it: each by its difference, at 95 %.  measured: name -> evaluation.
    """
    if not measured:
        return "No model has been measured yet.", ""
    values = {name: found["metrics"][FCD] for name, found in measured.items()}
    best = min(values, key=lambda name: values[name]["value"])
    floor = measured[best]["floors"][FCD]["value"]
    more = _apart(values[best], measured[best]["floors"][FCD])
    told = (
        f"Claim: the best digits are as near to test digits as real ones. Nearest is {best}, at a Fréchet distance of "
        f"{_told(measured[best])}; as many real ones reach {floor:.2f}, which is {interval(more, '.2f')} less."
    )
    outcome = as_good(more, f"N = {measured[best]['config']['samples']:,}")
    ties = [name for name in values if name != best and verdict(_apart(values[name], values[best])) != HOLDS]
    return (f"{told} Not told from it: {', '.join(ties)}." if ties else told), outcome


def _apart(one: Mapping[str, float], other: Mapping[str, float]) -> Difference:
    ends = ((found["high"] - found["low"]) / (2 * Z) for found in (one, other))
    return difference(one["value"], next(ends), other["value"], next(ends))
