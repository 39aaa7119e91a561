"""Model files: the public name of fqt.file.model_file."""

from fqt.file.model_file import LayerRecord, ModelFile, ModelFileError

__all__ = ["LayerRecord", "ModelFile", "ModelFileError"]
