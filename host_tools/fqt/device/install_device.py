# Runs on the board for `fqt install`, before and after the copy: looks for the folder that the
# module goes to, and puts the copied file in its place. Every answer is one line that begins with
# "fqt".
import os
import sys

NAME = "/fqt.mpy"
COPY = "/fqt.mpy.new"  # what is copied has this name until it is whole


def remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def folders():
    # Where `import` looks and files can lie: as for mip, folders named lib first.
    paths = [path for path in sys.path if path[:1] == "/" and not path.startswith("/rom")]
    libraries = [path for path in paths if path.endswith("/lib")]
    others = [path for path in paths if path not in libraries]
    return libraries + others + ([os.getcwd()] if "" in sys.path else [])


def free_bytes(folder):
    try:
        state = os.statvfs(folder)
        return state[0] * state[3]
    except (AttributeError, OSError):
        return None  # this file system cannot tell


def find_place(size):
    # The first folder with room for size bytes; else why each is none: its errno, or the bytes
    # that are free.
    tried = []
    for folder in folders():
        folder = folder.rstrip("/")
        try:
            try:
                os.stat(folder or "/")
            except OSError:
                os.mkdir(folder)
            remove(folder + COPY)
            open(folder + COPY, "wb").close()
            remove(folder + COPY)
        except OSError as error:
            tried.append((folder, "errno", error.errno))
            continue
        free = free_bytes(folder or "/")
        if free is None or free >= size:
            print("fqt place", repr(folder))
            return
        tried.append((folder, "free", free))
    print("fqt nowhere", repr(tried))


def finish(folder, size):
    # The copy takes the module's name, if it is whole.
    copied = os.stat(folder + COPY)[6]
    if copied != size:
        remove(folder + COPY)
        print("fqt short", copied)
        return
    try:
        os.rename(folder + COPY, folder + NAME)
    except OSError:  # a file system whose rename does not replace
        os.remove(folder + NAME)
        os.rename(folder + COPY, folder + NAME)
    print("fqt placed")


def try_import():
    import fqt

    fqt.Model
    path = getattr(fqt, "__file__", "the firmware's own")
    if "/" not in path:
        path = os.getcwd().rstrip("/") + "/" + path
    print("fqt imports", repr(path))
