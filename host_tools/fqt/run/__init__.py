"""Models run on the host by the C core, and the RAM that they will take on a device."""
