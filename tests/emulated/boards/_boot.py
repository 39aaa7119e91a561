# Mount the emulated flash: 512 KB of RAM that survives a soft reset.
import sys

import uctypes
import vfs


class Flash:
    BLOCK = 512
    COUNT = 1024

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


def mount(address):
    flash = Flash(address)
    try:
        vfs.mount(vfs.VfsLfs2(flash), "/")
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        vfs.mount(vfs.VfsLfs2(flash), "/")


mount(FLASH_ADDRESS)
sys.path.append("/lib")
del mount, Flash, sys, uctypes, vfs
