"""What an experiment gave: a table (mean and deviation over the seeds), JSON, plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fqt.plotting import pyplot


def summary(results: dict) -> list[dict]:
    """For each run and score: mean and deviation over seeds in percent, how far below the run that
    it is compared with, and whether that is within its at_most. Scores of one run are compared one
    by one."""
    rows = []
    scores = {run["name"]: _scores(run) for run in results["runs"]}
    for run in results["runs"]:
        of_seeds = list(run["results"].values())
        for name, values in scores[run["name"]].items():
            below = float(scores[run["against"]][name].mean() - values.mean())
            row = {
                "experiment": results["name"],
                "run": run["name"],
                "score": name,
                "mean": round(float(values.mean()), 2),
                "deviation": round(float(values.std(ddof=1)) if len(values) > 1 else 0.0, 2),
                "below": round(below, 2),
                "against": run["against"],
                "at_most": run["at_most"],
                "seconds": round(float(np.mean([result["seconds"] for result in of_seeds])), 1),
            }
            for key in ("before", "after"):
                if key in of_seeds[0]:
                    row[key] = round(float(np.mean([r[key] for r in of_seeds])) * 100, 2)
            if "cycles" in run:
                row["cycles"] = run["cycles"]
                full = next(other["cycles"] for other in results["runs"] if "cycles" in other)
                row["times_cheaper"] = round(full / run["cycles"], 2)
            if run["at_most"] is not None:
                row["holds"] = below <= run["at_most"] + 1e-9
            rows.append(row)
    return rows


def _scores(run: dict) -> dict[str, np.ndarray]:
    """Of each score, its values over the seeds in percent."""
    of_seeds = list(run["results"].values())
    return {
        name: np.array([result["scores"][name] for result in of_seeds]) * 100
        for name in of_seeds[0]["scores"]
    }


def table(rows: list[dict]) -> str:
    """The rows of one or more experiments as a Markdown table."""
    lines = [
        "| experiment | run | score | mean ± deviation, % | below the run it is against "
        "| at most | cycles of a backward pass |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        score = row["score"]
        if "before" in row:
            score += f" ({row['before']:.1f} → {row['after']:.1f})"
        limit = ""
        if row["at_most"] is not None:
            limit = f"{row['at_most']:.1f} {'✓' if row['holds'] else '✗'}"
        cycles = ""
        if "cycles" in row:
            cycles = f"{row['cycles']:,} ({row['times_cheaper']:.1f} times fewer)"
        lines.append(
            f"| {row['experiment']} | {row['run']} | {score} | "
            f"{row['mean']:.2f} ± {row['deviation']:.2f} | {row['below']:+.2f} | {limit} | "
            f"{cycles} |"
        )
    return "\n".join(lines)


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
