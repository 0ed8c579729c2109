"""Weights fetched from the network, into Keras's cache."""

from __future__ import annotations

import hashlib
import logging
import os
import urllib.request

from dreamvid.networks.network_spec import Download

TIMEOUT = 30.0
"""Seconds without an answer after which a download has failed."""

BLOCK = 2**20
"""Bytes that are read at once."""

_log = logging.getLogger(__name__)


def fetch(download: Download, network: str) -> None:
    """Put a file of weights into Keras's cache, whole or not at all.

    Its progress is logged (INFO), a line for each tenth.

    Args:
        network: whose weights they are, for the log.

    Raises:
        OSError: it cannot be had, or its checksum is another.
    """
    target = download.file
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    md5 = hashlib.md5(usedforsecurity=False)  # what Keras publishes; the source is trusted
    try:
        with (
            urllib.request.urlopen(download.url, timeout=TIMEOUT) as answer,
            partial.open("wb") as to,
        ):
            total, done, tenth = int(answer.headers.get("Content-Length") or 0), 0, 0
            _log.info("network %s: fetching %.1f MB from %s", network, total / 1e6, download.url)
            while block := answer.read(BLOCK):
                to.write(block)
                md5.update(block)
                done += len(block)
                if total and 10 * done // total > tenth:
                    tenth = 10 * done // total
                    _log.info("network %s: fetched %d %%", network, 10 * tenth)
        if done < total:
            raise OSError(f"it broke off after {done} of {total} bytes")
        if download.md5 and md5.hexdigest() != download.md5:
            raise OSError("its checksum is not the published one")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
