"""What brings a graph of a source to a network as the device has it: one idea a file, in the order
in which fqt.importers.lower runs them."""
