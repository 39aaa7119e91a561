# A board with fqt in its firmware.
include("manifest.py")
include("../../../natmod/usermod/manifest.py")
