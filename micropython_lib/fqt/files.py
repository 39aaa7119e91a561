# Files that are whole or not there, after a power cut too, and that replace no other's.
import os


def _size(stream):
    # The bytes of a file object; -1: it is none.
    if hasattr(stream, "readinto") and hasattr(stream, "seek"):
        return stream.seek(0, 2)
    return -1


def _read(stream, piece, offset):
    # Fill a piece with what is in the file from an offset on; returns how many bytes, 0 when the
    # stream says what cannot be. Allocates nothing.
    stream.seek(offset)
    count = stream.readinto(piece) or 0
    return count if 0 < count <= len(piece) else 0


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # not there, or the file system fails: the caller has its own error


def _head(path):
    # How a file begins, in as many bytes as a model file's flags need; of none that is there: b"".
    try:
        with open(path, "rb") as file:
            return file.read(16)
    except OSError:
        return b""


def _check_place(path, checkpoint):
    # A checkpoint cannot stand in for what it would replace, be it the model that it belongs to.
    if not isinstance(path, str):
        _fail(FQT_MESSAGE_PATH, repr(path))
    head = checkpoint and _head(path)
    if head and not (len(head) == 16 and head[:4] == b"FQT\x1a" and head[14] & 1):
        _fail(FQT_MESSAGE_CHECKPOINT_PLACE, path)


class _Writer:
    # Short writes are possible on some file systems; a full one answers 0 or raises OSError.
    def __init__(self, file):
        self.file = file

    def __call__(self, piece):
        if self.file.write(piece) != len(piece):
            raise OSError(28)  # ENOSPC


def _write_whole(net, path, checkpoint):
    # A power cut at any byte leaves the old file or the new one: the new one is written beside it,
    # then renamed. What fails leaves the old file, and no half one.
    new = path + ".new"
    try:
        with open(new, "wb") as file:
            net._write(_Writer(file), checkpoint)
            file.flush()
    except BaseException:
        _remove(new)
        raise
    try:
        os.rename(new, path)
    except OSError as error:
        # Not every file system renames over a file. From here on, what a power cut or a failure
        # leaves is taken up by _Source.
        try:
            if os.stat(path)[0] & 0x4000:  # a folder, which remove() would take when it is empty
                raise error
            os.remove(path)
        except OSError:
            _remove(new)
            raise error
        os.rename(new, path)
    if hasattr(os, "sync"):
        os.sync()


class _Source:
    # A context that opens a model file by its path, or what _write_whole left beside it when power
    # failed between its last two steps. The half of one is left when power failed before: it is
    # as if it were not there.
    def __init__(self, path):
        self.path = path
        self.is_new = False
        try:
            self.file = open(path, "rb")
        except OSError as error:
            if error.args[0] != 2:  # ENOENT
                raise
            self.is_new = True
            try:
                self.file = open(path + ".new", "rb")
            except OSError:
                raise error

    def __enter__(self):
        return self.file

    def __exit__(self, kind, error, _):
        self.file.close()
        if not self.is_new:
            return
        if kind is ValueError:  # not whole, or of another model
            raise OSError(2)
        if kind is None:
            try:
                os.rename(self.path + ".new", self.path)
            except OSError:
                pass  # it cannot be written here: it is taken up again next time
