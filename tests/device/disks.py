# File systems in RAM for tests: littlefs, and FAT where the firmware has it. Power can fail at any
# write of a block.
import vfs

BLOCK = 512


class PowerCut(Exception):
    pass


class Disk:
    # left: block writes until power fails.
    def __init__(self, data, left=1 << 20):
        self.data = data
        self.left = left

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        if self.left <= 0:
            raise PowerCut()
        self.left -= 1
        start = block * BLOCK + offset
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, operation, _):
        if operation == 4:
            return len(self.data) // BLOCK
        if operation == 5:
            return BLOCK
        return 0


KINDS = [getattr(vfs, name) for name in ("VfsLfs2", "VfsFat") if hasattr(vfs, name)]


def unmount():
    try:
        vfs.umount("/disk")
    except Exception:
        pass  # none is there, or power failed on it


def formatted(kind):
    unmount()  # whose memory this one may need
    data = bytearray((24 if kind is vfs.VfsLfs2 else 64) * BLOCK)
    kind.mkfs(Disk(data))
    return data


def mount(kind, data, left=1 << 20):
    unmount()
    vfs.mount(kind(Disk(data, left)), "/disk")
