"""Bend the code in one place after another, and see that a test notices.

    python -m tests.bends [--only N…] [--list]

Each bend is a short text of the package, another in its place, and the quick test that must then
fail. It is made in a copy of the package and the tests; a bend whose text no longer stands exactly
once in the package does not apply, and is to be brought up to date: what is told apart is `caught`,
`MISSED` and `does not apply`. The exit status is 0 if all are caught.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

Swap = tuple[str, str]


@dataclass(frozen=True)
class Bend:
    """One fault, as it might be made.

    Attributes:
        part: which part of dreamvid it is in.
        test: the function that notices, perhaps with `[parameters]`, of which a part will do.
        swaps: what to put in the place of what; the first of which the text stands exactly once.
    """

    part: str
    test: str
    swaps: tuple[Swap, ...]


def bend(part: str, test: str, *swaps: Swap) -> Bend:
    """A bend from its parts."""
    return Bend(part, test, swaps)


BENDS = (
    # The recurrence
    bend(
        "recurrence: the last frame of a cadence is the dream before",
        "test_dreamed_are_a_first_frame_every_so_many_and_a_last",
        ("-(-key.t //", "(key.t //"),
        ("-(-keyframe.t //", "(keyframe.t //"),
        ("-(-view.t //", "(view.t //"),
    ),
    bend(
        "recurrence: a dream passes a cut",
        "test_a_shot_is_the_same_alone_and_in_its_film",
        ("if group[0].t == 0:", "if group[0].t < 0:"),
    ),
    bend(
        "recurrence: a frame between leans to one side",
        "test_frames_between_go_from_one_dream_to_the_next",
        ("(index + 1) / (len(between) + 1)", "(index + 1) / (len(between) + 2)"),
        ("(index + 1) / (len(self._views) + 1)", "(index + 1) / (len(self._views) + 2)"),
    ),
    bend(
        "recurrence: a first dream does not settle",
        "test_a_first_dream_settles_before_it_shows",
        ("film.blend.settle if now.blend.share", "0 if now.blend.share"),
        ("= job.blend.settle if job", "= 0 if job"),
        ("view.job.blend.settle if view", "0 if view"),
    ),
    # The blend
    bend(
        "blend: all of the residual is carried",
        "test_a_residual_is_laid_on_the_new_source",
        ("return source + share * residual, bare", "return source + residual, bare"),
        ("return source + share * residual, fresh", "return source + residual, fresh"),
    ),
    bend(
        "blend: what was bare stays so",
        "test_where_nothing_is_carried_it_is_bare_and_fades_after",
        ("np.float32(fade) * last.bare", "np.float32(1) * last.bare"),
        ("np.float32(fade) * carried.fresh", "np.float32(1) * carried.fresh"),
    ),
    bend(
        "blend: between two dreams the wrong one is nearer",
        "test_a_frame_between_is_nearer_to_the_nearer_dream",
        (
            "a, b = np.float32(1 - share), np.float32(share)",
            "b, a = np.float32(1 - share), np.float32(share)",
        ),
    ),
    # The anchor and the color
    bend(
        "anchor: a film's color is led away from its seed's",
        "test_mean_and_spread_are_led_a_share_of_the_way",
        ("mean + share * (self.mean - mean)", "mean - share * (self.mean - mean)"),
    ),
    bend(
        "anchor: a constant residual stays",
        "test_a_constant_residual_decays",
        ("residual -= share * _large_scale", "residual -= 0 * _large_scale"),
    ),
    bend(
        "color: the shift goes the other way",
        "test_a_shift_adds_to_each_channel",
        ("canvas + np.asarray(levels", "canvas - np.asarray(levels"),
    ),
    # The flow
    bend(
        "flow: uncovered ground is believed",
        "test_uncovered_ground_is_not_believed",
        ("_soften(believable(forth, back) | explained)", "_soften(explained | ~explained)"),
        ("_soften(consistent(forward, backward) | explained)", "_soften(explained | ~explained)"),
    ),
    bend(
        "flow: what is carried goes against the motion",
        "test_a_ride_is_the_flow_seen_by_the_camera",
        ("x + back[..., 0], y + back[..., 1]", "x - back[..., 0], y - back[..., 1]"),
        (
            "x + backward[..., 0], y + backward[..., 1]",
            "x - backward[..., 0], y - backward[..., 1]",
        ),
    ),
    bend(
        "flow: grain moves a still clip",
        "test_a_still_clip_is_still_whatever_its_grain",
        ("    back[still] = 0", "    back[still] *= 1"),
        ("backward[still] = 0", "backward[still] *= 1"),
    ),
    # The camera
    bend(
        "camera: a turn goes the other way",
        "test_a_quarter_turn_is_counterclockwise_as_seen",
        ("turn = math.radians(motion.angle)", "turn = -math.radians(motion.angle)"),
    ),
    bend(
        "camera: a trim stretches",
        "test_a_trim_is_the_smaller_of_both_magnifications",
        ("min(width / (width - 2 * x)", "max(width / (width - 2 * x)"),
    ),
    bend(
        "camera: what a zoom out reveals is black",
        "test_what_comes_in_from_outside_is_the_source_again",
        ("+ bare * np.float32(ground)", "+ 0 * bare * np.float32(ground)"),
        ("+ revealed * np.float32(ground)", "+ 0 * revealed * np.float32(ground)"),
    ),
    # Schedules and expressions
    bend(
        "schedule: ease and linear are exchanged",
        "test_words_say_how_to_go_between",
        ('self._between == "ease"', 'self._between == "linear"'),
        ('self.between == "ease"', 'self.between == "linear"'),
    ),
    bend(
        "schedule: a cubic overshoots",
        "test_between_keys_nothing_overshoots",
        ("if min(before, after) <= 0 <= max(before, after):", "if before == after == 0:"),
        ("return clip(value, min(a, b), max(a, b))", "return value"),
    ),
    bend(
        "expression: parentheses without end",
        "test_bounds_are_kept",
        ("if depth > MAX_DEPTH or nodes", "if nodes"),
    ),
    bend(
        "expression: any name will do",
        "test_what_is_no_schedule_is_refused",
        ('if match["name"] and word not in KNOWN:', 'if match["name"] and word in ():'),
        ('if match["name"] and word not in usable:', 'if match["name"] and word in ():'),
    ),
    # Recipes
    bend(
        "recipe: the second of two keys wins",
        "test_what_is_no_recipe_is_refused_in_one_line",
        ("if name in seen:", "if name in ():"),
    ),
    bend(
        "recipe: lists within lists without end",
        "test_a_recipe_has_its_limits[deep]",
        ("or self._depth > MAX_DEPTH:", "or self._depth > 9 * MAX_DEPTH:"),
    ),
    bend(
        "recipe: a stranger's recipe writes anywhere",
        "test_a_recipe_writes_beside_itself_or_here",
        ("if not any(place.is_relative_to(each)", "if not all(place == each"),
        ("if not any(place.is_relative_to(each) for each in near_by):", "if False:"),
    ),
    # A run on disk
    bend(
        "manifest: another file is no other input",
        "test_weights_of_the_package_are_an_input",
        ("if mine.get(key) != theirs.get(key)]", "if not mine.get(key)]"),
        ("mine.get(key) != theirs.get(key)", "mine.get(key) is None"),
    ),
    bend(
        "resume: schedules go on a frame too early",
        "test_killed_at_random_moments[zoom]",
        ("done = since.done", "done = since.done - 1"),
        ("since.carried, since.shot, since.done", "since.carried, since.shot, since.done - 1"),
    ),
    bend(
        "resume: a state forgets its notes",
        "test_a_state_comes_back_as_it_was",
        ('k.startswith("notes.")}', 'k.startswith("none.")}'),
        ('.startswith("notes.")', '.startswith("none.")'),
    ),
    bend(
        "segments: one closes a frame late",
        "test_what_stays_of_a_run[--keep]",
        ("if self.written % self._length == 0:", "if self.written % self._length == 1:"),
        ("if self.written % self._film.segment_frames == 0:", "if self.written == 1:"),
    ),
    bend(
        "atomic write: a state is written in its own place",
        "test_closing_the_generator_leaves_what_is_done",
        ("partial = undone(path)\n    try", "partial = path\n    try"),
        ("partial = temp_name(path)\n    try", "partial = path\n    try"),
    ),
    # Media
    bend(
        "decoder: a still of any size is opened",
        "test_what_is_no_picture_is_refused_in_one_line",
        ("MAX_PIXELS = 2**27", "MAX_PIXELS = 2**47"),
    ),
    bend(
        "source: another rate has as many frames",
        "test_another_rate_keeps_the_time",
        ("count_at(rate, count, clip.rate)", "count"),
    ),
    bend(
        "sound: a range has the sound of the beginning",
        "test_a_range_of_a_clip",
        ("first / clip.rate, duration)", "Fraction(0), duration)"),
    ),
    bend(
        "source: a picture does not fill its size",
        "test_fit_fills_the_size_and_cuts_evenly",
        ("scale = max(size[0] / width, size[1]", "scale = min(size[0] / width, size[1]"),
        ("scale = max(size.width / width", "scale = min(size.width / width"),
    ),
    bend(
        "codec: frames are shown when their segments' files say",
        "test_times_do_not_drift_over_many_segments",
        ("pts=round(PTS/{ticks})*{ticks}", "pts=PTS"),
    ),
    bend(
        "codec: colors without their matrix",
        "test_colors_survive",
        ("out_color_matrix=bt709", "out_color_matrix=bt601"),
    ),
    bend(
        "quantisation: levels are cut off and not rounded",
        "test_quantise_rounds_and_cuts|test_to_uint8_rounds_and_cuts",
        ("np.rint(np.clip(frame, 0, 255)).a", "np.floor(np.clip(frame, 0, 255)).a"),
        ("np.rint(np.clip(picture, 0, 255)).a", "np.floor(np.clip(picture, 0, 255)).a"),
    ),
    # The dream
    bend(
        "ascent: down the gradient",
        "test_the_objective_rises[1-detail]",
        ("picture + step, (None", "picture - step, (None"),
    ),
    bend(
        "ascent: a step is normed by its largest",
        "test_a_step_is_of_the_size_asked_for",
        (
            "tf.math.reduce_std(gradient) + GUARD",
            "tf.reduce_max(tf.abs(gradient)) + GUARD",
        ),
    ),
    bend(
        "objective: layers' weights are turned over",
        "test_an_objective_is_the_weighted_sum_of_means",
        ("tf.add_n([weights[n] *", "tf.add_n([-weights[n] *"),
        ("[weights[n] * of(term, picture", "[-weights[n] * of(term, picture"),
    ),
    bend(
        "tiles: cuts fall in the same place at every step",
        "test_the_same_frame_dreams_the_same_and_no_other_does",
        ("rng.uniform(-1, 1, (steps, 2)) * reach", "rng.uniform(-1, 1, (steps, 2)) * 0"),
    ),
    bend(
        "tiles: a core is a pixel too small",
        "test_cores_cover_every_pixel_once",
        ("core = -(-length // count)", "core = length // count"),
    ),
    bend(
        "step map: a pixel takes more than it wants",
        "test_no_pixel_takes_more_steps_than_the_burst",
        ("gain, burst - steps, largest", "gain, burst + steps, largest"),
    ),
    bend(
        "octaves: those under the least size are dreamed",
        "test_octaves_grow_to_the_frame_and_skip_what_is_too_small",
        ("if min(high, wide) >= least]", "if min(high, wide) >= 0]"),
        ("min(high, wide) >= least", "min(high, wide) >= 0"),
        ("min(high, wide) >= min_size]", "min(high, wide) >= 0]"),
    ),
    bend(
        "preprocessing: channels in the wrong order",
        "test_preprocessing_is_that_of_keras[vgg16]",
        ('how.order == "bgr"', 'how.order == "rgb"'),
        ('.order == "bgr"', '.order == "rgb"'),
    ),
    bend(
        "seeds: every frame has the same jitter",
        "test_the_same_frame_dreams_the_same_and_no_other_does",
        ("default_rng([self._seed, t, octave", "default_rng([self._seed, 0, octave"),
        ("seed, t, octave]", "seed, 0, octave]"),
        ("seed, index, octave]", "seed, 0, octave]"),
    ),
    # The prompt
    bend(
        "prompt: wrong words end as a failed render does",
        "test_usage_is_one_line_and_two",
        ("return _fail(str(error), 2)", "return _fail(str(error), 1)"),
        ("        return USAGE\n", "        return FAILED\n"),
    ),
)


def place(swaps: tuple[Swap, ...], package: Path) -> tuple[Path, Swap] | None:
    """The file in which one of the swaps' texts stands, exactly once in all of the package."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))}
    for swap in swaps:
        found = [path for path, text in texts.items() for _ in range(text.count(swap[0]))]
        if len(found) == 1:
            return found[0], swap
    return None


def home_of(test: str) -> Path | None:
    """The file of a test's function, wherever under `tests/`."""
    name = re.escape(test.split("[")[0])
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if re.search(rf"^def {name}\w*\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            return path
    return None


def chosen(test: str) -> list[str]:
    """Pytest's words for the tests of a bend, of which one must fail: `a|b` or `a[part]`."""
    words: list[str] = []
    names = []
    for one in test.split("|"):
        home = home_of(one)
        if home is None:
            continue
        if str(home.relative_to(ROOT)) not in words:
            words.append(str(home.relative_to(ROOT)))
        names.append(" and ".join(filter(None, re.split(r"[\[\]]", one))))
    if not names:
        raise LookupError(test)
    return [*words, "-k", " or ".join(f"({name})" for name in names)]


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of all that the tests need."""
    with tempfile.TemporaryDirectory(prefix="bend-") as name:
        folder = Path(name)
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        for part in ("dreamvid", "tests", "configs", "docs", "scripts"):
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", folder)
        yield folder


def tried(one: Bend) -> str:
    """What became of a bend."""
    with copied() as folder:
        found = place(one.swaps, folder / "dreamvid")
        if found is None:
            return "does not apply"
        path, (old, new) = found
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        try:
            words = chosen(one.test)
        except LookupError as lost:
            return f"does not apply: no {lost}"
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
        )
    if run.returncode == 1:
        return "caught"
    return "MISSED" if run.returncode == 0 else f"does not apply: pytest says {run.returncode}"


def main() -> int:
    """The prompt's."""
    asked = argparse.ArgumentParser(prog="python -m tests.bends", description=__doc__)
    asked.add_argument("--only", type=int, nargs="+", help="numbers of bends")
    asked.add_argument("--list", action="store_true", help="say which there are, and try none")
    told = asked.parse_args()
    wrong = 0
    for number, one in enumerate(BENDS, 1):
        if told.only and number not in told.only:
            continue
        if told.list:
            where = place(one.swaps, ROOT / "dreamvid")
            print(f"{number:3} {one.part} ({where[0].name if where else 'does not apply'})")
            continue
        begin = time.monotonic()
        outcome = tried(one)
        wrong += outcome != "caught"
        print(f"{number:3} {one.part}: {outcome} ({time.monotonic() - begin:.0f} s)", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
