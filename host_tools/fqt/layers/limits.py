"""What a model file's fields hold (natmod/core/model/fqt_file.h)."""

LARGEST_EXTENT = 65535  # of a height, a width or a number of channels
LARGEST_KERNEL = 255  # and stride
