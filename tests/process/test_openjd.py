"""The job template of the Open Job Description, checked and run by its own command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dreamvid.cli import main
from tests import media_factory as make

OPENJD = Path(sys.executable).with_name("openjd")


@pytest.mark.skipif(not OPENJD.exists(), reason="openjd-cli is not installed")
def test_a_template_is_accepted_and_its_job_makes_the_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make.shots_clip(Path("a clip.mp4"), 64, 48, (6, 5))
    Path("night.yaml").write_text("source: a clip.mp4\nnetwork: none\n", encoding="utf-8")
    assert main(["render", "night.yaml", "-o", "alone.mp4", "-q"]) == 0
    words = ["farm", "night.yaml", "--as", "openjd", "-o", "{stem}-film.mp4", "-q"]
    assert main([*words, "--into", "job.json"]) == 0
    assert main([*words, "--into", "job.json"]) == 1, "it is there"
    (step,) = json.loads(Path("job.json").read_text(encoding="utf-8"))["steps"]
    assert "{{Param.Folder}}/night.yaml" in step["script"]["actions"]["onRun"]["args"]
    subprocess.run([OPENJD, "check", "job.json"], check=True, capture_output=True)
    path = os.pathsep.join([str(OPENJD.parent), os.environ["PATH"]])
    ran = subprocess.run(
        [OPENJD, "run", "job.json"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert Path("a clip-film.mp4").read_bytes() == Path("alone.mp4").read_bytes()
