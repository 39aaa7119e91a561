# Runs on the board for `fqt install` and `fqt deploy`, before and after files are put there
# (session.py): looks for the folder that a file goes to, tells what is there, and tries it. Every
# answer is one line that begins with "fqt".
import gc
import os
import sys

COPY = ".new"  # what session.py puts there has this behind its name until it is whole


def remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def size_of(path):
    # None where there is no such file.
    try:
        return os.stat(path)[6]
    except OSError:
        return None


def digest(path):
    # SHA-256 in hexadecimal; "" where there is no such file, or no SHA-256 on this board.
    try:
        import binascii
        import hashlib

        hashed = hashlib.sha256()
        piece = bytearray(1024)
        with open(path, "rb") as file:
            while True:
                count = file.readinto(piece)
                if not count:
                    break
                hashed.update(memoryview(piece)[:count])
        return binascii.hexlify(hashed.digest()).decode()
    except (ImportError, AttributeError, OSError):
        return ""


def searched():
    # Where `import` looks and files can lie, in its order.
    paths = [path if path else os.getcwd() for path in sys.path]
    return [path.rstrip("/") for path in paths if path[:1] == "/" and not path.startswith("/rom")]


def folders(name):
    # The folder where `import` finds a file of this name, alone: one in another place would not
    # be found; else as for mip, those named lib first.
    for path in searched():
        if size_of(path + "/" + name) is not None:
            return [path]
    paths = searched()
    libraries = [path for path in paths if path.endswith("/lib")]
    return libraries + [path for path in paths if path not in libraries]


def free_bytes(folder):
    try:
        state = os.statvfs(folder)
        return state[0] * state[3]
    except (AttributeError, OSError):
        return None  # this file system cannot tell


def find_place(name, size, wanted):
    # The first folder with room for a file of size bytes, and whether the one that is there has
    # the wanted digest; else why each is none: its errno, or the bytes that are free.
    tried = []
    for folder in folders(name):
        there = digest(folder + "/" + name)
        if wanted and there == wanted:
            print("fqt place", repr((folder, True)))
            return
        try:
            try:
                os.stat(folder or "/")
            except OSError:
                os.mkdir(folder)
            copy = folder + "/" + name + COPY
            remove(copy)
            open(copy, "wb").close()
            remove(copy)
        except OSError as error:
            tried.append((folder, "errno", error.errno))
            continue
        free = free_bytes(folder or "/")
        if free is None or free >= size:
            print("fqt place", repr((folder, False)))
            return
        tried.append((folder, "free", free))
    print("fqt nowhere", repr(tried))


def tell_version():
    # Of the module that is there: None where there is none, "" where it cannot be imported.
    if all(size_of(path + "/fqt.mpy") is None for path in searched()):
        print("fqt was", None)
        return
    try:
        import fqt

        print("fqt was", repr(fqt.__version__))
    except Exception:
        print("fqt was", repr(""))


def remove_others(name, kept):
    # Files of this name in other folders where `import` looks: it would find them were `kept`
    # gone, or the current folder another one. Those that went, and those that cannot.
    gone, stay = [], []
    for path in searched():
        file = path + "/" + name
        if file != kept and size_of(file) is not None:
            try:
                os.remove(file)
                gone.append(file)
            except OSError:
                stay.append(file)
    print("fqt removed", repr((gone, stay)))


def tell_room(name, wanted, beside):
    # RAM that is free beside the module, which is imported where the file of this name has the
    # wanted digest, else will take `beside` bytes; the bytes of a block; then MicroPython tells,
    # in blocks, how much is in one piece.
    for path in searched():
        if size_of(path + "/" + name) is not None:
            if digest(path + "/" + name) == wanted:
                beside = 0
            break
    if sys.platform == "esp32":
        beside = 0  # code is not taken of the heap
    gc.collect()
    print("fqt room", gc.mem_free() - beside, 32 if sys.maxsize >> 32 else 16)
    try:
        import micropython

        micropython.mem_info()
    except (ImportError, AttributeError):
        pass


def try_import():
    import fqt

    fqt.Model
    path = getattr(fqt, "__file__", "the firmware's own")
    if "/" not in path:
        path = os.getcwd().rstrip("/") + "/" + path
    print("fqt imports", repr(path))


def look_at(name):
    # A model's file in the current folder: its path, digest and first bytes, and what is free.
    folder = os.getcwd().rstrip("/")
    path = folder + "/" + name
    head = b""
    if size_of(path) is not None:
        with open(path, "rb") as file:
            head = file.read(64)
    print("fqt model", repr((path, digest(path), head, free_bytes(folder or "/"))))


def try_model(path, element_type, elements, factor):
    # What the model gives for a sample that is made of its elements' numbers.
    import array
    import binascii

    import fqt

    gc.collect()
    free = gc.mem_free()
    try:
        net = fqt.Model(path)
    except MemoryError:
        print("fqt memory", free)
        return
    sample = bytearray([i * factor & 255 for i in range(elements)])
    out = array.array("f", [0.0] * net.outputs)
    net.scores(array.array(element_type, sample), out)
    print("fqt scores", binascii.hexlify(bytes(out)).decode(), net.memory, free)
