"""What an experiment gave: a table, JSON, plots. Each run is compared seed by seed with the one
that it is against."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fqt.experiment.statistics import Differences, paired_differences
from fqt.plotting import pyplot

ROUNDING = 1e-9  # in percent: what sums of scores may be off by


def summary(results: dict) -> list[dict]:
    """A row for each run and score, in percent.

    mean, deviation: over all seeds of the run. below: how far it lies below the run that it is
    against, mean over the `seeds` that both have; standard_error: of that mean (None of one seed);
    is_significant: whether it is not 0, in a paired t-test at 95 %. With at_most, upper_end: below
    + standard_error; holds: whether that is at most at_most; exceeds: whether below is more than
    at_most in such a test. A limit that neither holds nor is exceeded is not decided by so few
    seeds. Of a run that is against itself there is no comparison.
    """
    rows = []
    runs = {run["name"]: run for run in results["runs"]}
    for run in results["runs"]:
        of_seeds = list(run["results"].values())
        for name in of_seeds[0]["scores"]:
            values = _scores(run, name)
            row = {
                "experiment": results["name"],
                "run": run["name"],
                "score": name,
                "mean": round(float(values.mean()), 2),
                "deviation": round(float(values.std(ddof=1)) if len(values) > 1 else 0.0, 2),
                "against": run["against"],
                "at_most": run["at_most"],
                "seconds": round(float(np.mean([result["seconds"] for result in of_seeds])), 1),
            }
            if run["against"] != run["name"]:
                row |= _comparison(run, runs[run["against"]], name)
            for key in ("before", "after"):
                if key in of_seeds[0]:
                    row[key] = round(float(np.mean([r[key] for r in of_seeds])) * 100, 2)
            if "cycles" in run:
                row["cycles"] = run["cycles"]
                full = next(other["cycles"] for other in results["runs"] if "cycles" in other)
                row["times_cheaper"] = round(full / run["cycles"], 2)
            rows.append(row)
    return rows


def _scores(run: dict, name: str, seeds: list | None = None) -> np.ndarray:
    """A score's values in percent, of these seeds, of all when None."""
    results = run["results"]
    wanted = results if seeds is None else seeds
    return np.array([results[seed]["scores"][name] for seed in wanted]) * 100


def _comparison(run: dict, against: dict, name: str) -> dict:
    """What a row says of a run beside the one that it is against."""
    seeds = [seed for seed in run["results"] if seed in against["results"]]
    if not seeds:
        return {}
    differences = paired_differences(_scores(run, name, seeds), _scores(against, name, seeds))
    error = differences.standard_error
    row = {
        "below": round(differences.mean, 2),
        "standard_error": None if error is None else round(error, 2),
        "seeds": differences.count,
        "is_significant": differences.differs_from(0),
    }
    return row if run["at_most"] is None else row | _verdict(differences, run["at_most"])


def _verdict(differences: Differences, at_most: float) -> dict:
    is_above = differences.mean > at_most
    has_error = differences.standard_error is not None
    return {
        "upper_end": round(differences.upper_end, 2) if has_error else None,
        "holds": differences.upper_end <= at_most + ROUNDING,
        "exceeds": is_above and differences.differs_from(at_most),
    }


def table(rows: list[dict]) -> str:
    """The rows of one or more experiments as a Markdown table."""
    lines = [
        "| experiment | run | score | mean ± deviation, % "
        "| below the run it is against ± standard error | at most "
        "| cycles of a backward pass |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        score = row["score"]
        if "before" in row:
            score += f" ({row['before']:.1f} → {row['after']:.1f})"
        cycles = ""
        if "cycles" in row:
            cycles = f"{row['cycles']:,} ({row['times_cheaper']:.1f} times fewer)"
        lines.append(
            f"| {row['experiment']} | {row['run']} | {score} | "
            f"{row['mean']:.2f} ± {row['deviation']:.2f} | {_difference_text(row)} | "
            f"{_limit_text(row)} | {cycles} |"
        )
    return "\n".join(lines)


def _difference_text(row: dict) -> str:
    if "below" not in row:
        return ""
    error = "" if row["standard_error"] is None else f" ± {row['standard_error']:.2f}"
    verdict = "significant" if row["is_significant"] else "not distinguishable"
    return f"{row['below']:+.2f}{error}, {verdict} (n = {row['seeds']})"


def _limit_text(row: dict) -> str:
    """A limit that holds (✓), is exceeded (✗), or which the seeds do not decide on (?)."""
    if "holds" not in row:
        return ""
    return f"{row['at_most']:.1f} {'✓' if row['holds'] else '✗' if row['exceeds'] else '?'}"


def plot(results: dict, path: Path) -> None:
    """The scores of all runs by epoch, mean over the seeds, as a PNG. Raises RuntimeError without
    matplotlib."""
    figure, axes = pyplot().subplots(figsize=(6, 4), layout="constrained")
    for run in results["runs"]:
        curves = [[score for _, score in r["history"]] for r in run["results"].values()]
        axes.plot(np.mean(curves, axis=0) * 100, label=run["name"], marker=".")
    axes.set(title=results["name"], xlabel="epoch", ylabel="score on test data, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
