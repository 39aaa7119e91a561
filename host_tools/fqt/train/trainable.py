"""Which layers train, as users say it."""

from __future__ import annotations


def chosen_names(names: list[str], train: str | list[str]) -> list[str]:
    """Of the layers with weights, by name and in order, those that train: "all", "none", "last:2",
    or names, in a list or with commas between. Raises ValueError for a name that is not there."""
    if train == "all":
        return names
    if train == "none":
        return []
    if isinstance(train, str) and train.startswith("last:"):
        count = train[len("last:") :]
        if not count.isdigit() or not 1 <= int(count) <= len(names):
            raise ValueError(f"train={train!r}: the network has {len(names)} layers with weights")
        return names[-int(count) :]
    if not isinstance(train, (str, list, tuple, set)):
        raise ValueError(f"train is 'all', 'none', 'last:2', or names of layers, not {train!r}")
    wanted = [name.strip() for name in train.split(",")] if isinstance(train, str) else list(train)
    for name in wanted:
        if name not in names:
            raise ValueError(
                f"train: no layer {name!r} with weights, there are {', '.join(names)}"
            )
    return wanted
