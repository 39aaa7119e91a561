"""Experiments: one network, one data set, several ways to train, several seeds (`fqt experiment`).

configuration.py reads the TOML file that says all of it, sections.py has what its tables mean;
data.py reads the arrays, sklearn_data.py scikit-learn's; arithmetic.py trains in float32, in int8
and mixed; pytorch.py forms gradients by PyTorch; early_stopping.py ends training; tasks.py says
what one training run gives, scores.py how good that is; runner.py shares the runs out and keeps
their results under the names that keys.py makes; executors.py runs them on the cores or on a
cluster, progress.py says how far they are; cost.py counts what partial updates save; statistics.py
tells differences from chance; report.py makes the table, the JSON and the plots;
command.py is the command.
"""

from fqt.experiment.configuration import Experiment, read_experiment
from fqt.experiment.cost import add_cycles
from fqt.experiment.report import plot, summary, table
from fqt.experiment.runner import run, run_shard

__all__ = [
    "Experiment",
    "add_cycles",
    "plot",
    "read_experiment",
    "run",
    "run_shard",
    "summary",
    "table",
]
