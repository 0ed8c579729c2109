from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dreamvid.frame import Size
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.resize import resize_area
from tests.scenes import Shot, cuts, grey

MEDIA = os.environ.get("DREAMVID_TEST_MEDIA")
needs_media = pytest.mark.skipif(not MEDIA, reason="DREAMVID_TEST_MEDIA is unset")


def test_the_limits_of_opencv_are_set_before_the_detector_imports_it() -> None:
    script = (
        "import os\nfrom dreamvid import shots\nassert os.environ['OPENCV_LOG_LEVEL'] == 'SILENT'\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert (said.stdout, said.stderr) == ("", "")


@needs_media
def test_real_clips() -> None:
    clips: dict[str, Shot] = {}
    for name in ("highway", "chaplin", "one_second_clip"):
        frames = read_clip(probe(Path(str(MEDIA)) / f"{name}.mp4"))
        clips[name] = [resize_area(frame, Size(256, 144)) for frame in frames]
        assert cuts(clips[name]) == []
    for one, other in itertools.permutations(clips, 2):
        first, second = clips[one][-40:], clips[other][:30]
        assert cuts(first + second) == [len(first)]
        assert cuts(grey(first + second)) == [len(first)]
