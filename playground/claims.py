"""The lecture, claim by claim: what it says, where that is tested, and how it came out with numbers computed now."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from playground.errors import require
from playground.progress import Report, part_of, silent
from playground.statistics import FAILS, HOLDS, OPEN, Difference, verdict, wilson

PARTS = 1_000  # what each claim counts as in the progress of a list


@dataclass(frozen=True)
class Outcome:
    """words: the number, its 95 % interval or floor, and N, as one sentence; verdict: holds, does not hold, or open."""

    words: str
    verdict: str


@dataclass(frozen=True)
class Claim:
    """says: the claim in one sentence.  section: of the lecture, one of playground.topics.SECTIONS.

    page: the address of the page that shows it; command: what measures it at any size; measure: at a small one.
    """

    section: str
    says: str
    page: str
    command: str
    measure: Callable[[Report], Outcome]


def chosen(claims: Sequence[Claim], numbers: Iterable[int] | None) -> dict[int, Claim]:
    """The claims by number, from 1; numbers: which ones, None for all.  Raises UserError for a number there is not."""
    wanted = range(1, len(claims) + 1) if numbers is None else sorted(set(numbers))
    for number in wanted:
        require(
            1 <= number <= len(claims),
            f"Claim {number} is asked for, and there are claims 1 to {len(claims)}: choose one of these.",
        )
    return {number: claims[number - 1] for number in wanted}


def measure_each(
    claims: dict[int, Claim],
    report: Report = silent,
    keep: Callable[[int, Outcome], None] = lambda number, outcome: None,
) -> dict[int, Outcome]:
    """One after the other, each as much as the others in the report; keep is called with each as it is found."""
    found: dict[int, Outcome] = {}
    for turn, (number, claim) in enumerate(claims.items()):
        part = part_of(report, turn * PARTS, len(claims) * PARTS)
        part(0, PARTS)
        found[number] = claim.measure(_in_parts(part))
        keep(number, found[number])
    report(len(claims) * PARTS, len(claims) * PARTS)
    return found


def _in_parts(report: Report) -> Report:
    """Whatever a claim counts in, as so many of its PARTS: steps of one claim and of another are not alike."""
    return lambda done, total, stage="": report(done * PARTS // max(total, 1), PARTS)


# --- verdicts and words -----------------------------------------------------------------------------------------

ALIKE = 0.1  # of all: two shares that are surely no farther apart are alike, on a page


def alike(apart: Difference, at: str, margin: float = ALIKE) -> str:
    """Whether a claim "one share is as large as the other" is borne out by their difference.

    It fails where they are told apart, and holds, to within the margin, where no more can be between them.
    """
    return _to_within(margin, apart.low > 0 or apart.high < 0, within(margin, apart) == HOLDS, at)


def no_less(less: Difference, at: str, margin: float = ALIKE) -> str:
    """Whether a claim "one share is no less than the other" is borne out by how much less it is: as `alike`, but that
    it is more is no fault.
    """
    return _to_within(margin, less.low > 0, less.high < margin, at)


def _to_within(margin: float, apart: bool, near: bool, at: str) -> str:
    return FAILS if apart else f"{HOLDS} to within {margin:.0%}" if near else f"{OPEN} at {at}"


def as_good(worse: Difference, at: str) -> str:
    """Whether a claim "this is as good as that" is borne out by how much worse it is.

    It holds where it is better: that there is no difference, no N can show.
    """
    return verdict(Difference(-worse.value, -worse.high, -worse.low), at)


def mostly(hits: int, n: int) -> str:
    """Whether a claim "most are so" is borne out by n independent draws: Wilson's interval lies above one half."""
    low, high = (float(end) for end in wilson(hits / n, n))
    return verdict(Difference(hits / n - 0.5, low - 0.5, high - 0.5), f"N = {n}")


def within(margin: float, found: Difference) -> str:
    """Whether a claim "there is no difference that matters", none above margin, is borne out by its whole interval."""
    if -margin < found.low and found.high < margin:
        return HOLDS
    return FAILS if found.low > margin or found.high < -margin else OPEN


def all_of(verdicts: Iterable[str], at: str = "") -> str:
    """Of a claim about several numbers: each must hold, and one that fails is enough to say no; at: as in `verdict`."""
    each = list(verdicts)
    found = next((outcome for outcome in (FAILS, OPEN) for one in each if one.startswith(outcome)), HOLDS)
    return f"{found} at {at}" if at and found == OPEN else found


def in_words(found: Outcome) -> str:
    """For people, in Markdown: the verdict in bold, as it stands below a picture, then the sentence."""
    return f"**{found.verdict}.** {found.words}"


def shown(claims: dict[int, Claim], outcomes: dict[int, Outcome]) -> str:
    """The table of a command line: a claim, its verdict, its numbers, and where there is more of it."""
    lines = []
    for number, claim in claims.items():
        found = outcomes[number]
        lines += [
            f"{number:>2}. {found.verdict.upper()}: {claim.says}",
            f"    {found.words}",
            f"    {claim.section}; {claim.command}",
        ]
    return "\n".join(lines)


def as_json(claims: dict[int, Claim], outcomes: dict[int, Outcome]) -> bytes:
    """The same for programs: a list of records."""
    rows = [
        {
            "number": number, "section": claim.section, "claim": claim.says, "page": claim.page,
            "command": claim.command, "words": outcomes[number].words, "verdict": outcomes[number].verdict,
        }
        for number, claim in claims.items()
    ]  # fmt: skip
    return (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode()


def kept(path: Path, claims: Sequence[Claim]) -> dict[int, Outcome]:
    """What `as_json` wrote before, by number, of those claims that say the same today by the same command.

    A file that is damaged, or not there, has none.
    """
    numbers = {(claim.says, claim.command): number for number, claim in chosen(claims, None).items()}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = {(row["claim"], row["command"]): Outcome(row["words"], row["verdict"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {number: found[same] for same, number in numbers.items() if same in found}
