# Runs on the board behind the pieces of a file that is put there (session.py, and the page that
# trains): the file takes its name when its SHA-256 is the wanted one. The rename is in two steps
# where the file system does not replace.
import binascii
import hashlib
import os


def fqt_digest(path):
    hashed, piece = hashlib.sha256(), bytearray(1024)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(piece)
            if not count:
                return binascii.hexlify(hashed.digest()).decode()
            hashed.update(memoryview(piece)[:count])


def fqt_finish(path, digest):
    copy = path + ".new"
    if fqt_digest(copy) != digest:
        raise OSError("the copy is not whole")
    try:
        os.rename(copy, path)
    except OSError:
        os.remove(path)
        os.rename(copy, path)
