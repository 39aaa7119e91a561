"""The numpy reference: one training step in integers, plain enough to be read as the
specification.

docs/arithmetic.md has the same definitions in prose; section numbers in these files refer to it.
The C core gives the same bits.
"""

from fqt.reference.network import Network

__all__ = ["Network"]
