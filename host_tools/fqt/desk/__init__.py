"""What is installed on this machine: MicroPython's unix port, the demo, the device's stubs, and
whether all of it fits together."""
