# Mount the emulated flash, RAM that survives a soft reset, where the board's port does: at "/" as
# RP2040 and ESP32, or at "/flash" as STM32, nRF, Teensy and Renesas RA. It has 512 KB, or 2 MB
# where the heap has more than one, for models that fill that.
import gc
import os
import sys

import uctypes
import vfs


class Flash:
    BLOCK = 512
    COUNT = 4096 if gc.mem_free() > 1 << 20 else 1024

    def __init__(self, address):
        self.data = uctypes.bytearray_at(address, self.BLOCK * self.COUNT)

    def readblocks(self, number, buffer, offset=0):
        start = number * self.BLOCK + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        start = number * self.BLOCK + offset
        memoryview(self.data)[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.COUNT
        if operation == 5:
            return self.BLOCK
        return 0


def mount(address, place):
    flash = Flash(address)
    try:
        vfs.mount(vfs.VfsLfs2(flash), place)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        vfs.mount(vfs.VfsLfs2(flash), place)
    if place != "/":
        os.chdir(place)
        sys.path.append(place)
    sys.path.append(place.rstrip("/") + "/lib")


mount(FLASH_ADDRESS, FLASH_PLACE)
del mount, Flash, gc, os, sys, uctypes, vfs
