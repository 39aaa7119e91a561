"""Networks of other tools as model files. A reader of each format makes one graph (fqt.importers.
graph), which names no format; what comes behind the readers knows nothing else."""
