"""The model file, read and written on the host.

The layout is described in natmod/core/model/fqt_file.h; this room is tested against the C core,
which reads and writes the same bytes.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, replace

from fqt.errors import of_file
from fqt.file import reading, writing
from fqt.file.layout import CHECKSUM_BYTES, MAGIC, MAX_FILE_BYTES
from fqt.file.records import LayerRecord, ModelRecords
from fqt.files import looks_like, read_whole, write_whole
from fqt.messages import ModelFileError

__all__ = ["LayerRecord", "ModelFile", "ModelFileError"]

AGAIN = "copy it again, or make it anew (fqt.quantize, fqt convert)"


@dataclass
class ModelFile(ModelRecords):
    """A whole model, as a file holds it."""

    def to_bytes(self) -> bytes:
        """The file's bytes. Raises ModelFileError when the model is not valid."""
        data = writing.file_bytes(self)
        ModelFile.from_bytes(data)
        return data

    def identified(self) -> ModelFile:
        """The model as its file has it, with an identity that follows from all that it holds: by
        it a checkpoint of another model is told. Raises ModelFileError."""
        # Without the checksum: of data and their CRC-32 the CRC-32 is the same for all files.
        content = replace(self, identity=0).to_bytes()[:-CHECKSUM_BYTES]
        named = replace(self, identity=zlib.crc32(content))
        return ModelFile.from_bytes(named.to_bytes())

    def write(self, path: str | os.PathLike) -> None:
        """Write to a file. Raises OSError; a failure leaves the old file, and no half one."""
        data = self.to_bytes()
        write_whole(path, lambda file: file.write(data))

    @staticmethod
    def from_bytes(data: bytes) -> ModelFile:
        """Read and check everything. Raises ModelFileError."""
        model = ModelFile("", (0, 0, 0))
        reading.fill(model, bytes(data))
        return model

    @staticmethod
    def read(path: str | os.PathLike) -> ModelFile:
        """Read a file. Raises OSError, or ModelFileError that names the file."""
        data = read_whole(path, MAX_FILE_BYTES)
        with of_file(path):
            try:
                return ModelFile.from_bytes(data)
            except ModelFileError as error:
                what = "" if data.startswith(MAGIC) else looks_like(data)
                advice = "" if "make it anew" in str(error) else f": {AGAIN}"
                raise ModelFileError(f"{error}{what}{advice}") from None
