"""`fqt train` and `fqt eval`: the same run in the core, in the reference, under MicroPython on
this machine, on an emulated board and on a real one."""
