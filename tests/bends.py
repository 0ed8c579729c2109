"""Bend the code in one place after another, and see that a test notices.

    python -m tests.bends [--only N…] [--list]

Each bend is a short text of the package, another in its place, and the quick test that must then
fail. It is made in a copy of the package and the tests. A bend is `caught`, `MISSED`, or `does not
apply`: its text does not stand exactly once in the package, and is to be brought up to date. The
exit status is 0 if all are caught.
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
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Bend:
    """One fault, as it might be made.

    Attributes:
        part: which part of dreamvid it is in.
        test: the function that notices, perhaps with `[parameters]`, of which a part will do.
        old: what is replaced, which stands exactly once in the package.
        new: what it is replaced by.
    """

    part: str
    test: str
    old: str
    new: str


BENDS = (
    # Shots that are rendered apart, batches, farms
    Bend(
        "seeking: a later picture is shown where none is on the grid",
        "test_a_clip_from_any_frame_on_has_the_same_frames",
        "early = 0 if shown / rate * clip.rate % 1 == 0 else 1 / clip.rate",
        "early = 0",
    ),
    Bend(
        "seeking: masks are read from their beginning",
        "test_a_clip_from_any_frame_on_has_the_same_frames",
        "closing(_levels(mask, first))",
        "closing(_levels(mask, 0))",
    ),
    Bend(
        "shots: guides and schedules begin anew with each",
        "test_shots_in_any_order_are_joined_to_the_film_of_one_machine",
        "    walk = CameraWalk(job, timeline, index=done)",
        "    walk = CameraWalk(job, timeline, index=0)",
    ),
    Bend(
        "shots: the open segment of one runs into the next",
        "test_shots_in_any_order_are_joined_to_the_film_of_one_machine",
        "if isinstance(sink, FilmSink) and not self._plan.ends:",
        "if False:",
    ),
    Bend(
        "shots: a list that leaves a gap is taken",
        "test_a_wrong_list_is_refused_in_one_line",
        "            if other.start != one.stop:",
        "            if other.start < one.stop:",
    ),
    Bend(
        "shots: those of another recipe go on",
        "test_what_is_missing_is_named_and_what_is_done_stays",
        "        differing = begun.differences(manifest) if begun else []",
        "        differing = []",
    ),
    Bend(
        "join: a shot of another recipe is taken",
        "test_a_shot_of_another_recipe_is_not_joined",
        "        differing = own.differences(manifest)\n",
        "        differing = []\n",
    ),
    Bend(
        "join: the last shot's open segment is lost, so that the film goes on otherwise",
        "test_a_joined_film_is_continued_as_one_that_was_rendered_whole",
        "ends=shot.stop == listed.frames)",
        "ends=False)",
    ),
    Bend(
        "cluster: a worker's file leads out of the folder",
        "test_no_name_leads_out_of_the_folder",
        'if path.is_absolute() or not path.parts or ".." in path.parts',
        "if path.is_absolute() or not path.parts",
    ),
    Bend(
        "batch: variants are paired, not combined",
        "test_variants_are_all_combinations_and_their_films_are_named_by_them",
        "    for chosen in itertools.product(*lists) if lists else ():",
        "    for chosen in zip(*lists) if lists else ():",
    ),
    Bend(
        "farm: commands name files as they were typed",
        "test_the_commands_in_any_order_and_folder_make_the_film",
        "        words = absolute(item.words(recipe))",
        "        words = [item.file, *absolute(item.words(recipe))[1:-1], recipe.output.name]",
    ),
    # Sessions, and programs that start dreamvid
    Bend(
        "session: what is cancelled goes on to the octave's end",
        "test_a_cancelled_look_takes_no_further_gradient",
        """            if self._stop.is_set():
                steps.close()""",
        """            if False:
                steps.close()""",
    ),
    Bend(
        "session: graphs are made for each change",
        "test_graphs_are_made_once_for_each_objective",
        "        if key not in self._made:\n            self._made[key] = Climb",
        "        if True:\n            self._made[key] = Climb",
    ),
    Bend(
        "session: the network is loaded for each objective",
        "test_the_network_is_loaded_once",
        "            kept.set(self._models)",
        "            kept.set(None)",
    ),
    Bend(
        "session: a file that was replaced is not read again",
        "test_a_changed_file_is_read_again",
        "return json.dumps([data, masks, heard]), _stamps(recipe)",
        "return json.dumps([data, masks, heard]), ()",
    ),
    Bend(
        "session: a look has the values of the first frame",
        "test_a_look_has_the_values_of_its_frame",
        "CameraWalk(job, timeline, index=index)",
        "CameraWalk(job, timeline, index=0)",
    ),
    Bend(
        "session: a masked octave shows its part alone",
        "test_a_masked_look_shows_the_whole_frame",
        "yield replace(step, part=self._part)",
        "yield step",
    ),
    Bend(
        "control: the end of input stops",
        "test_the_end_of_input_and_other_lines_change_nothing",
        "            while piece := os.read(number, 1):",
        "            while piece := os.read(number, 1) or _interrupt():",
    ),
    Bend(
        "continue: another recipe's keys are dropped",
        "test_a_film_goes_on_with_the_keys_of_another_recipe",
        "    if changes is not None:",
        "    if changes is None:",
    ),
    # The recurrence
    Bend(
        "recurrence: the last frame of a cadence is the dream before",
        "test_dreamed_are_a_first_frame_every_so_many_and_a_last",
        "-(-keyframe.t //",
        "(keyframe.t //",
    ),
    Bend(
        "recurrence: a dream passes a cut",
        "test_a_shot_is_the_same_alone_and_in_its_film",
        "if group[0].t == 0:",
        "if group[0].t < 0:",
    ),
    Bend(
        "recurrence: a frame between leans to one side",
        "test_frames_between_go_from_one_dream_to_the_next",
        "(index + 1) / (len(self._views) + 1)",
        "(index + 1) / (len(self._views) + 2)",
    ),
    Bend(
        "recurrence: a first dream does not settle",
        "test_a_first_dream_settles_before_it_shows",
        "warmup = job.blend.warmup if",
        "warmup = 0 if",
    ),
    # The blend
    Bend(
        "blend: all of the residual is carried",
        "test_a_residual_is_laid_on_the_new_source",
        "return source + share * residual, fresh",
        "return source + residual, fresh",
    ),
    Bend(
        "blend: what was bare stays so",
        "test_where_nothing_is_carried_it_is_bare_and_fades_after",
        "np.float32(fade) * carried.fresh",
        "np.float32(1) * carried.fresh",
    ),
    Bend(
        "blend: between two dreams the wrong one is nearer",
        "test_a_frame_between_is_nearer_to_the_nearer_dream",
        "a, b = np.float32(1 - share), np.float32(share)",
        "b, a = np.float32(1 - share), np.float32(share)",
    ),
    # The anchor and the color
    Bend(
        "anchor: a film's color is led away from its seed's",
        "test_mean_and_spread_are_led_a_share_of_the_way",
        "mean + share * (self.mean - mean)",
        "mean - share * (self.mean - mean)",
    ),
    Bend(
        "anchor: a constant residual stays",
        "test_a_constant_residual_decays",
        "residual -= share * large_scale",
        "residual -= 0 * large_scale",
    ),
    Bend(
        "color: the shift goes the other way",
        "test_a_shift_adds_to_each_channel",
        "canvas + np.asarray(levels",
        "canvas - np.asarray(levels",
    ),
    # Loops
    Bend(
        "loops: the end is its own to the last",
        "test_a_zooms_last_frame_leads_into_its_first",
        "left = min(1.0, (self.frames - 1 - index) / self.blend)",
        "left = 1.0",
    ),
    Bend(
        "loops: the last frame is the first once more",
        "test_a_sink_of_ones_own_gets_the_film_alone",
        "before = index - self.loop.frames\n",
        "before = min(-1, index - self.loop.frames + 1)\n",
    ),
    Bend(
        "loops: frames that lead in have a time of their own",
        "test_frames_that_lead_in_have_the_time_of_a_round_later",
        "index %= self.loop.frames",
        "index %= self.loop.lead",
    ),
    Bend(
        "loops: a picture does not lie in itself but takes its own place at once",
        "test_a_self_similar_picture_comes_back",
        ".scale * max(self.size) >= VISIBLE:",
        ".scale > 99:",
    ),
    Bend(
        "loops: the camera begins as at the first frame",
        "test_the_first_frame_is_the_seed_with_itself_in_it",
        "start = closes.start if closes else self._steps.start(index, size)",
        "start = self._steps.start(index, size)",
    ),
    Bend(
        "loops: a clip's end passes over at once",
        "test_a_clip_passes_over_into_its_own_beginning",
        "leading + np.float32(loop.own(index)) * (ending - leading)",
        "leading",
    ),
    Bend(
        "loops: bars are of three beats",
        "test_with_beats_a_loop_is_whole_bars",
        "bar = BAR * heard.at",
        "bar = 3 * heard.at",
    ),
    Bend(
        "loops: frames that lead in are the film's",
        "test_a_sink_of_ones_own_gets_the_film_alone",
        "                if index < 0:\n                    continue\n",
        "",
    ),
    Bend(
        "loops: a resumed one draws nothing towards the round before",
        "test_a_loop_is_resumed_in_any_of_its_rounds",
        "read = 0 if since is None else since.done + timeline.lead",
        "read = 0 if since is None else since.shown + timeline.lead",
    ),
    Bend(
        "loops: their sound ends where the film does",
        "test_a_clips_loop_has_its_sound",
        "        if self.passes:\n",
        "        if False:\n",
    ),
    Bend(
        "loops: their last frames are coded as any",
        "test_a_segments_last_frames_are_coded_better",
        "if film.closes_after is not None:",
        "if False:",
    ),
    # The camera's path and shake
    Bend(
        "path: the last step before a point is left out",
        "test_each_point_is_in_the_middle_at_its_frame",
        "max(0, bisect_left(self._at, index) - 1)",
        "max(0, bisect_right(self._at, index) - 1)",
    ),
    Bend(
        "path: it sets out at full speed",
        "test_the_speed_changes_smoothly",
        "eased = 30 * share**2 * (1 - share) ** 2",
        "eased = 1 + 0 * share",
    ),
    Bend(
        "path: it is not turned with the picture",
        "test_each_point_is_in_the_middle_at_its_frame",
        "* way * cmath.exp(-1j * self._turns[index])",
        "* way",
    ),
    Bend(
        "path: a first point is not zoomed about where it lies",
        "test_a_point_at_frame_0_alone_is_zoomed_about_where_it_is",
        "center += (1 - behind) * (self._points[0] - MIDDLE)",
        "center += 0",
    ),
    Bend(
        "path: a clip's later shot begins with the whole picture",
        "test_after_a_cut_the_path_goes_on",
        "at_rest = Affine() if self.path is None else self.path.position(index, size)",
        "at_rest = Affine()",
    ),
    Bend(
        "shake: noise of the speed, which drifts",
        "test_the_shake_does_not_drift_and_keeps_within_its_bound",
        "return self._shaken(index - 1, size).inverse.then(step)",
        "return step",
    ),
    Bend(
        "shake: it follows frames, not seconds",
        "test_another_frame_rate_shows_the_same_shake_and_another_seed_another",
        "seconds = float(index / self._timeline.rate)",
        "seconds = index / 24",
    ),
    Bend(
        "prompt: what has no option is dropped",
        "test_what_has_no_flag_is_kept_of_a_recipe",
        "yield StructFieldSpec(name=name, type=kept, default=default)",
        "pass",
    ),
    # Guides
    Bend(
        "guides: channels are not normalised",
        "test_mean_features_of_the_guide_weigh_the_channels",
        "max(np.abs(means).sum(), TINY) ** 2",
        "max(np.abs(means).sum(), TINY)",
    ),
    Bend(
        "guides: the last block's patch is the nearest",
        "test_a_match_moves_toward_its_place_and_no_other",
        "largest > most, number, best",
        "largest > -1, number, best",
    ),
    Bend(
        "guides: the first guide is kept",
        "test_a_tasks_guide_takes_the_files_place_and_is_looked_at_once",
        "if not same or any(",
        "if not same and any(",
    ),
    Bend(
        "guides: a film goes on with the first frames of its guide",
        "test_a_guided_film_goes_on_as_well",
        "islice(guides or repeat({}), read, None)",
        "islice(guides or repeat({}), 0, None)",
    ),
    Bend(
        "guides: what is in a list of terms is not looked into",
        "test_a_film_names_its_guide_by_hash_and_goes_on_with_it",
        "if _alike(old, new) else (old, new)",
        "if False else (old, new)",
    ),
    Bend(
        "guides: a recipe's folder does not count for its guides",
        "test_paths_of_a_recipe_are_those_of_its_folder",
        "value = short.expand(value)",
        "short.expand(value)",
    ),
    # The flow
    Bend(
        "flow: uncovered ground is believed",
        "test_uncovered_ground_is_not_believed",
        "_soften(consistent(forward, backward) | explained)",
        "_soften(explained | ~explained)",
    ),
    Bend(
        "flow: what is carried goes against the motion",
        "test_a_ride_is_the_flow_seen_by_the_camera",
        "x + backward[..., 0], y + backward[..., 1]",
        "x - backward[..., 0], y - backward[..., 1]",
    ),
    Bend(
        "flow: grain moves a still clip",
        "test_a_still_clip_is_still_whatever_its_grain",
        "backward[still] = 0",
        "backward[still] *= 1",
    ),
    # The camera
    Bend(
        "camera: a turn goes the other way",
        "test_a_quarter_turn_is_counterclockwise_as_seen",
        "turn = math.radians(angle)",
        "turn = -math.radians(angle)",
    ),
    Bend(
        "camera: a trim stretches",
        "test_a_trim_is_the_smaller_of_both_magnifications",
        "min(width / (width - 2 * x)",
        "max(width / (width - 2 * x)",
    ),
    Bend(
        "camera: what a zoom out reveals is black",
        "test_what_comes_in_from_outside_is_the_source_again",
        "+ revealed * np.float32(ground)",
        "+ 0 * revealed * np.float32(ground)",
    ),
    # Schedules and expressions
    Bend(
        "schedule: ease and linear are exchanged",
        "test_words_say_how_to_go_between",
        'fade(share) if between == "ease"',
        'fade(share) if between == "linear"',
    ),
    Bend(
        "schedule: a cubic overshoots",
        "test_between_keys_nothing_overshoots",
        "if min(before, after) <= 0 <= max(before, after):",
        "if before == after == 0:",
    ),
    Bend(
        "expression: parentheses without end",
        "test_bounds_are_kept",
        "if depth > MAX_DEPTH or nodes",
        "if nodes",
    ),
    Bend(
        "expression: any name will do",
        "test_what_is_no_schedule_is_refused",
        'if match["name"] and token not in usable and token not in heard:',
        'if match["name"] and token in ():',
    ),
    Bend(
        "expression: ^ binds as weakly as in Python",
        "test_expressions",
        '_REWRITTEN = {"^": "**"}',
        "_REWRITTEN: dict[str, str] = {}",
    ),
    Bend(
        "expression: the branch that where leaves out counts",
        "test_expressions",
        "looked_at = values[:1] if function is where else values",
        "looked_at = values",
    ),
    Bend(
        "schedule: keys stay in the order of writing",
        "test_keys_in_any_order_and_by_any_expression",
        "[by_place[place] for place in sorted(by_place)]",
        "[by_place[place] for place in by_place]",
    ),
    Bend(
        "schedule: keys in beats are at frames",
        "test_keys_in_beats_are_where_the_beats_are",
        'return Fraction(names[B]) if self._unit == "b"',
        'return Fraction(clock.t) if self._unit == "b"',
    ),
    # What is heard
    Bend(
        "hearing: a hit is in the frame after it",
        "test_clicks_are_onsets_at_their_frames_and_nothing_else_is",
        "frames = np.floor(times + 1e-9).astype(int)",
        "frames = np.floor(times + 1e-9).astype(int) + 2",
    ),
    Bend(
        "hearing: noise is as loud as hits",
        "test_without_clicks_there_are_no_onsets",
        "Envelope(found, self._spectra.rate, -AHEAD).normal(floor)",
        "Envelope(found, self._spectra.rate, -AHEAD).normal(0 * floor)",
    ),
    Bend(
        "hearing: a snare is a hat",
        "test_kick_snare_and_hat_are_told_apart",
        "share = np.clip((own - leak * other) / (own + TINY), 0, 1)",
        "share = np.clip(own / (own + TINY), 0, 1)",
    ),
    Bend(
        "hearing: tones and hits are exchanged",
        "test_hits_and_tones_are_separated",
        "return spectra, hits / (hits",
        "return spectra, tones / (hits",
    ),
    Bend(
        "hearing: attack makes it late",
        "test_smoothing_is_in_seconds_and_never_late",
        "_held(self.values[::-1], attack * self.rate)[::-1]",
        "_held(self.values, attack * self.rate)",
    ),
    Bend(
        "hearing: the loudest peak is 1",
        "test_one_bang_does_not_make_all_else_small",
        "PERCENTILE = 50",
        "PERCENTILE = 100",
    ),
    Bend(
        "beats: they drift from their frames",
        "test_beats_are_right_to_half_a_frame_after_ten_minutes",
        "(index - before) * 60 / bpm for index",
        "(index - before) * round(60 / bpm, 4) for index",
    ),
    Bend(
        "beats: what is heard goes on after the sound",
        "test_what_is_heard_is_0_after_the_sound",
        "if heard.name != B.name and t >= self.frames:",
        "if heard.name == B.name and t < 0:",
    ),
    Bend(
        "audio: a zoom is as long as ever",
        "test_a_zoom_is_as_long_as_its_sound_and_in_sync_with_it",
        "return USUAL_FRAMES if sound is None else",
        "return USUAL_FRAMES if True else",
    ),
    Bend(
        "audio: a part of a sound begins with the whole",
        "test_a_part_of_a_sound_is_in_sync_too",
        "return Sound(whole.path, start, None if",
        "return Sound(whole.path, 0 * start, None if",
    ),
    Bend(
        "audio: a clip keeps its own sound",
        "test_a_clip_gets_another_sound_and_hears_it",
        "sound = named_sound(recipe.audio) or _own(recipe, source)",
        "sound = _own(recipe, source) or named_sound(recipe.audio)",
    ),
    Bend(
        "audio: a film that is to be silent hears nothing",
        "test_a_clips_own_sound_is_heard_also_where_the_film_has_none",
        "    if clip.has_audio:",
        '    if clip.has_audio and recipe.encode.audio == "keep":',
    ),
    Bend(
        "audio: a resumed film listens again",
        "test_a_film_resumes_by_what_was_heard",
        "known = known or (heard_before(output) if unfinished else None)",
        "known = None",
    ),
    Bend(
        "audio: a longer film listens again",
        "test_a_film_names_its_sound_by_hash_and_goes_on_with_it",
        "        keep_heard(run.folder, source.heard)\n        return taken",
        "        return taken",
    ),
    Bend(
        "audio: what another sound was heard is known",
        "test_what_was_heard_in_another_sound_is_not_known",
        "is_same = (known.origin, known.rate) == (origin, rate)",
        "is_same = known.rate == rate",
    ),
    Bend(
        "audio: a preview's film is as long as ever",
        "test_a_preview_has_the_sound",
        '{**data, "frames": whole.timeline.frames}',
        '{**data, "frames": 50}',
    ),
    Bend(
        "audio: a length in beats is one in seconds",
        "test_a_length_in_beats_is_that_of_the_tempo",
        "round(float(self.beats) * beat)",
        "round(float(self.beats) * 30)",
    ),
    Bend(
        "audio: the library's frames are deaf",
        "test_frames_in_python_and_a_plot_hear_too",
        "heard=listened(recipe, sound, timeline.rate)",
        "heard=None",
    ),
    Bend(
        "audio: parts are no whole numbers",
        "test_parts_are_counted_or_go_from_0_to_1",
        "section / (1 if counted else",
        "section / (2 if counted else",
    ),
    Bend(
        "audio: beats without a sound are over with the beats that are given",
        "test_beats_need_no_sound",
        "Features(Fraction(0), rate, ENDLESS, {}, beats)",
        "Features(Fraction(0), rate, 9, {}, beats)",
    ),
    Bend(
        "audio: a film of beats is never done",
        "test_a_film_of_beats_is_known_to_be_done",
        "opened = open_film if beats else open_source",
        "opened = open_source",
    ),
    Bend(
        "sound: a part of Vorbis begins where a packet says",
        "test_a_part_of_vorbis_begins_at_its_sample",
        "return min(self._first, Fraction(2 * LEAD)) if self.seeks else self._first",
        "return Fraction(0)",
    ),
    Bend(
        "sound: a decoder's first packets are heard",
        "test_sounds_of_any_codec_are_heard_at_their_times",
        '"audio", track.index, first=True, decode=True)',
        '"audio", track.index, first=True)',
    ),
    Bend(
        "sound: a clip's sound begins with its first sample",
        "test_a_clips_sound_is_heard_from_its_first_picture_on",
        "streams.parse_streams(text).shown is not None",
        "streams.parse_streams(text).shown is None",
    ),
    # Recipes
    Bend(
        "recipe: the second of two keys wins",
        "test_what_is_no_recipe_is_refused_in_one_line",
        "if name in seen:",
        "if name in ():",
    ),
    Bend(
        "recipe: lists within lists without end",
        "test_a_recipe_has_its_limits[deep]",
        "or self._depth > MAX_DEPTH:",
        "or self._depth > 9 * MAX_DEPTH:",
    ),
    Bend(
        "recipe: a stranger's recipe writes anywhere",
        "test_a_recipe_writes_beside_itself_or_here",
        "if not any(target.is_relative_to(each) for each in allowed):",
        "if not allowed:",
    ),
    # A run on disk
    Bend(
        "manifest: another file is no other input",
        "test_weights_of_the_package_are_an_input",
        "if mine.get(key) != theirs.get(key)]",
        "if not mine.get(key)]",
    ),
    Bend(
        "resume: schedules go on a frame too early",
        "test_killed_at_random_moments[zoom]",
        "since.carried, since.shot, since.done",
        "since.carried, since.shot, since.done - 1",
    ),
    Bend(
        "resume: a state forgets its notes",
        "test_a_state_comes_back_as_it_was",
        'k.startswith("notes.")}',
        'k.startswith("none.")}',
    ),
    Bend(
        "segments: one closes a frame late",
        "test_what_stays_of_a_run[--keep]",
        "if self.written - self._start >= self._film.segment_frames:",
        "if self.written - self._start > self._film.segment_frames:",
    ),
    Bend(
        "segments: one goes on over a cut",
        "test_a_shot_rendered_apart_has_the_same_segments[h264-.mp4-1]",
        "if group.checkpoint.t == 0:",
        "if group.checkpoint.t < 0:",
    ),
    Bend(
        "segments: what is closed is coded again",
        "test_killed_after_any_write_a_film_is_the_same_bytes",
        "if index < self._start:\n",
        "if index < 0:\n",
    ),
    Bend(
        "segments: frames that a crash left make a longer film start too early",
        "test_frames_of_a_closed_segment_that_a_crash_left_are_removed",
        "for index in stored if index < self._start",
        "for index in stored if index < 0",
    ),
    Bend(
        "cutting: a short film is shown as it is decoded",
        "test_a_film_of_few_frames_can_be_cut_and_go_on[2-h264-.mp4]",
        "DECODED_AHEAD = 2",
        "DECODED_AHEAD = 0",
    ),
    Bend(
        "cutting: segments that were kept stay beside the cut one",
        "test_a_film_made_longer_keeps_no_segment_twice",
        "if frames and frames != range(count):",
        "if frames and frames == range(0):",
    ),
    Bend(
        "atomic write: a state is written in its own place",
        "test_closing_the_generator_leaves_what_is_done",
        "partial = temp_name(path)\n    try",
        "partial = path\n    try",
    ),
    # Masks
    Bend(
        "masks: gray is white",
        "test_gray_shows_by_degrees_and_blur_and_amount_make_gray",
        "self.masks.laid(dream, self.source) if self.masks",
        "dream if self.masks",
    ),
    Bend(
        "masks: a mask stands while the camera moves",
        "test_a_zooms_mask_moves_with_the_camera_or_stands",
        'if mask.follow == "camera":',
        'if mask.follow == "frame":',
    ),
    Bend(
        "masks: a later region dreams all over the frame",
        "test_regions_dream_of_their_own_and_remember_it",
        "np.where(repeated(part.of(mask)) > 0, made, dream)",
        "made",
    ),
    Bend(
        "masks: a part is as large as its picture",
        "test_a_quarter_costs_less_than_half",
        "-(-max(last - first + 2 * AROUND, least) // QUANTUM) * QUANTUM",
        "len(wanted)",
    ),
    Bend(
        "masks: the dream before is read at another place",
        "test_the_part_around_a_mask_is_as_in_the_whole_frame",
        "carried.of(reads) if carried",
        "carried.of(part) if carried",
    ),
    Bend(
        "masks: a movement reads too little around a part",
        "test_a_clip_moves_a_part_as_the_frame",
        "REACH + 3, part.frame",
        "1, part.frame",
    ),
    Bend(
        "masks: a film is continued without its mask",
        "test_a_film_names_its_mask_by_hash_and_goes_on_with_it",
        "        if not given:\n            raise",
        "        if given is None:\n            raise",
    ),
    # Passes
    Bend(
        "passes: a residual is twice too large",
        "test_dream_is_source_and_residual_to_a_level",
        "+ difference / np.float32(2)",
        "+ difference",
    ),
    Bend(
        "passes: a zoom's source stands still",
        "test_a_zooms_source_is_the_still_under_the_camera_sampled_once",
        "return self.view.pictured",
        "return self.view.picture",
    ),
    Bend(
        "passes: a matte leaks out of a mask",
        "test_the_matte_is_white_where_much_was_dreamed_and_black_where_nothing_was",
        "level[_still(change)] = 0",
        "level[change < 0] = 0",
    ),
    Bend(
        "passes: a branch's are those of the dream",
        "test_a_branch_has_the_passes_of_its_film",
        "pass_path(self.film, name), run.part(name)",
        "self.film, run.part(name)",
    ),
    # Media
    Bend(
        "decoder: a still of any size is opened",
        "test_what_is_no_picture_is_refused_in_one_line",
        "MAX_PIXELS = 2**27",
        "MAX_PIXELS = 2**47",
    ),
    Bend(
        "source: another rate has as many frames",
        "test_another_rate_keeps_the_time",
        "count_at(rate, count, clip.rate)",
        "count",
    ),
    Bend(
        "sound: a range has the sound of the beginning",
        "test_a_range_of_a_clip",
        "begin / clip.rate, duration, ",
        "Fraction(0), duration, ",
    ),
    Bend(
        "source: a picture does not fill its size",
        "test_fit_fills_the_size_and_cuts_evenly",
        "scale = max(size.width / width",
        "scale = min(size.width / width",
    ),
    Bend(
        "codec: frames are shown when their segments' files say",
        "test_times_do_not_drift_over_many_segments",
        'f"round(PTS/{ticks})*{ticks}" if',
        '"PTS" if',
    ),
    Bend(
        "codec: frames of a codec that keeps their order are shown by their segments' clocks",
        "test_a_film_holds_every_frame_its_tags_and_its_note[prores.mov]",
        'else f"N*{ticks}"',
        'else "PTS+1"',
    ),
    Bend(
        "codec: 16 bits fall short of white",
        "test_sixteen_bits_round_and_clip",
        "np.float32(257)",
        "np.float32(256)",
    ),
    Bend(
        "codec: a linear file holds display-coded levels",
        "test_exr_is_linear_in_halves",
        "return _halves(to_linear(frame[..., :3]))",
        "return _halves(frame[..., :3])",
    ),
    Bend(
        "codec: color is multiplied by alpha",
        "test_exr_is_linear_in_halves[True]",
        '"setparams=alpha_mode=premultiplied"',
        '"null"',
    ),
    Bend(
        "codec: an EXR does not say that its alpha is straight",
        "test_an_exr_states_its_straight_alpha_and_is_read_as_without",
        "with_straight_alpha(data) if frame.shape[2] == 4 else data",
        "data",
    ),
    Bend(
        "codec: an EXR's chunks are not where its table says",
        "test_an_exr_states_its_straight_alpha_and_is_read_as_without",
        '"<u8") + np.uint64(len(stated))',
        '"<u8") + np.uint64(0)',
    ),
    Bend(
        "stills: straight alpha of an EXR is taken for multiplied",
        "test_exr_of_dreamvid_reads_back_with_its_straight_alpha[True]",
        "if header is None or not header.straight:",
        "if header is None or header.end:",
    ),
    Bend(
        "stills: HDR is shown as it is stored",
        "test_a_png_looks_as_ffmpeg_maps_it",
        'if answer["hdr"]:',
        'if answer["hdr"] is None:',
    ),
    Bend(
        "stills: HDR is mapped from 8 bits",
        "test_depth_is_kept_up_to_the_map",
        "made = in_blocks(np.broadcast_to(color, (*color.shape[:2], 3)), mapped)",
        "made = in_blocks(np.broadcast_to(color // 257 * 257, (*color.shape[:2], 3)), mapped)",
    ),
    Bend(
        "clips: HDR that states no primaries is not read",
        "test_unstated_primaries_are_those_of_bt2020",
        '("color_primaries", stream.primaries, "bt2020")',
        '("color_primaries", "bt2020", "bt2020")',
    ),
    Bend(
        "sequences: a pattern's pictures are in the order of their text",
        "test_names_that_differ_in_more_than_one_number_are_counted",
        "[int(part) if place % 2 else part",
        "[str(part) if place % 2 else part",
    ),
    Bend(
        "sequences: gaps in a pattern's pictures are not seen",
        "test_a_pattern_of_the_shell_is_a_clip",
        "return numbers if len(set(numbers)) == len(names) else counted",
        "return counted if numbers else numbers",
    ),
    Bend(
        "codec: colors are rounded one by one",
        "test_ten_bits_are_the_nearest_there_are",
        "for up_r in (0, 1)",
        "for up_r in (0,)",
    ),
    Bend(
        "codec: Apple's players do not know it",
        "test_a_film_holds_every_frame_its_tags_and_its_note[h265.mp4]",
        'tag = "hvc1"',
        "tag = None",
    ),
    Bend(
        "codec: RGB says nothing of its colors",
        "test_a_film_holds_every_frame_its_tags_and_its_note[ffv1.mkv]",
        'RGB_TAGS = f"setparams=range=pc:colorspace=gbr:{BT709}"',
        'RGB_TAGS = f"null"',
    ),
    Bend(
        "codec: segments of another codec are taken",
        "test_segments_are_shared_by_films_of_one_codec",
        "isinstance(new, JoinedCodec) and new is old",
        "isinstance(new, JoinedCodec)",
    ),
    Bend(
        "codec: alpha is dropped silently",
        "test_alpha_is_not_lost_silently",
        "require_alpha(path, codec, film.alpha)",
        "require_alpha(path, codec, False)",
    ),
    Bend(
        "sequence: pictures that are not its own are removed",
        "test_a_pattern_takes_only_its_own_pictures",
        "number.isdecimal() and len(number) >= self.digits",
        "number.isdecimal()",
    ),
    Bend(
        "estimate: the film takes no disk",
        "test_the_disk_that_a_codec_takes_is_foreseen",
        "film = pixels * passes * 2 * cost.disk",
        "film = passes * 2 * cost.disk",
    ),
    Bend(
        "codec: colors without their matrix",
        "test_colors_survive",
        "out_color_matrix=bt709",
        "out_color_matrix=bt601",
    ),
    Bend(
        "quantisation: levels are cut off and not rounded",
        "test_to_uint8_rounds_and_cuts",
        "np.rint(np.clip(frame, 0, 255)).a",
        "np.floor(np.clip(frame, 0, 255)).a",
    ),
    # The dream
    Bend(
        "ascent: down the gradient",
        "test_the_objective_rises[1-detail]",
        "picture + step, (None",
        "picture - step, (None",
    ),
    Bend(
        "ascent: a step is normed by its largest",
        "test_a_step_is_of_the_size_asked_for",
        "tf.math.reduce_std(gradient) + GUARD",
        "tf.reduce_max(tf.abs(gradient)) + GUARD",
    ),
    Bend(
        "objective: layers' weights are turned over",
        "test_an_objective_is_the_weighted_sum_of_means",
        "inputs.weights[n] * compute(term",
        "-inputs.weights[n] * compute(term",
    ),
    Bend(
        "objective: the strong channels are the weak ones",
        "test_the_strong_channels_are_those_that_answer_most",
        "np.argsort(-means if strong",
        "np.argsort(means if strong",
    ),
    Bend(
        "objective: every frame ranks its channels anew",
        "test_strong_channels_are_kept_for_the_shot_whatever_the_tile",
        "if not notes.keys() >= keys.keys():",
        "if keys and (notes.clear() or True):",
    ),
    Bend(
        "objective: a shut ReLU stays shut",
        "test_an_objectives_dream_raises_it_more_than_another_ones",
        "tf.cast(means == 0, tf.float32) * (mean",
        "0 * (mean",
    ),
    Bend(
        "objective: a class is the one after it",
        "test_a_classs_objective_is_its_logit",
        "head.kernel[:, numbers]",
        "head.kernel[:, [n - 1 for n in numbers]]",
    ),
    Bend(
        "penalties: total variation is of the source too",
        "test_total_variation_takes_noise_and_leaves_an_edge",
        "_rise(difference, edge)",
        "_rise(picture, edge)",
    ),
    Bend(
        "transforms: the picture turns about its corner",
        "test_a_picture_turns_about_its_middle_and_back",
        "(tf.cast(shape, tf.float32) - 1) / 2",
        "0 * tf.cast(shape, tf.float32)",
    ),
    Bend(
        "tiles: cuts fall in the same place at every step",
        "test_the_same_frame_dreams_the_same_and_no_other_does",
        "rng.uniform(-1, 1, (steps, 2)) * reach",
        "rng.uniform(-1, 1, (steps, 2)) * 0",
    ),
    Bend(
        "tiles: a core is a pixel too small",
        "test_cores_cover_every_pixel_once",
        "core = -(-length // count)",
        "core = length // count",
    ),
    Bend(
        "step map: a pixel takes more than it wants",
        "test_no_pixel_takes_more_steps_than_the_burst",
        "gain, burst - steps, largest",
        "gain, burst + steps, largest",
    ),
    Bend(
        "octaves: those under the least size are dreamed",
        "test_octaves_grow_to_the_frame_and_skip_what_is_too_small",
        "min(high, wide) >= min_size]",
        "min(high, wide) >= 0]",
    ),
    Bend(
        "preprocessing: channels in the wrong order",
        "test_preprocessing_is_that_of_keras[vgg16]",
        'if how.order == "bgr":',
        'if how.order == "rgb":',
    ),
    Bend(
        "seeds: every frame has the same jitter",
        "test_the_same_frame_dreams_the_same_and_no_other_does",
        "seed, index, octave]",
        "seed, 0, octave]",
    ),
    # The prompt
    Bend(
        "prompt: wrong words end as a failed render does",
        "test_usage_is_one_line_and_two",
        "        return USAGE\n",
        "        return FAILED\n",
    ),
    # Clips
    Bend(
        "clips: a broken picture costs a frame",
        "test_broken_pictures_are_held_and_named",
        "self._note_broken(range(expected, index))",
        "index = expected",
    ),
    Bend(
        "clips: a seek need not land on a keyframe",
        "test_a_late_start_is_exact[libx264]",
        "late = late and (not keyed or shown is None or self._is_late(shown))",
        "late = False",
    ),
    Bend(
        "clips: the last picture lasts a frame",
        "test_a_last_picture_that_lasts_counts",
        "lasts, delays = float(end - zero), None",
        "lasts, delays = float(times[-1]), None",
    ),
    Bend(
        "clips: a GIF is as quick as it says",
        "test_gifs_are_played_as_browsers_play_them",
        "shown = np.where(shown < GIF_LEAST, GIF_USUAL, shown)",
        "shown = np.maximum(shown, 1)",
    ),
    Bend(
        "clips: HDR is shown as SDR",
        "test_hdr_is_mapped_as_ffmpeg_does[smpte2084]",
        '"tonemap=hable:desat=0",',
        "",
    ),
    Bend(
        "clips: a size that changes is stretched",
        "test_a_size_that_changes_stretches_nothing",
        "force_original_aspect_ratio=increase",
        "force_original_aspect_ratio=disable",
    ),
    Bend(
        "pictures: a gap is no frame",
        "test_gaps_are_held_and_named",
        "yield from (until - number) * [file]",
        "yield file",
    ),
    Bend(
        "alpha: the camera leaves it where it was",
        "test_the_camera_moves_alpha_too",
        "alpha = view.seen(channels[..., :1]) if first",
        "alpha = channels[..., :1] if first",
    ),
    Bend(
        "alpha: a resumed film begins with the first frame's",
        "test_a_film_with_alpha_resumes_and_goes_on",
        "if index >= self._skip and",
        "if index >= 0 and",
    ),
    Bend(
        "atlas: every class is the first",
        "test_a_picture_is_the_dream_of_the_flag_in_its_caption",
        "channels=tuple(int(number) for number in notes.get(NOTE, (0,)))",
        "channels=(0,)",
    ),
    Bend(
        "atlas: what is stored is made again",
        "test_what_is_made_is_kept_and_the_rest_made_later",
        "stored = self._read(path)",
        "stored = None",
    ),
    Bend(
        "atlas: a page shows what a term's name says as its own",
        "test_a_page_stands_alone_and_escapes_what_it_shows",
        'escape(f"{network} {flag(term)}".strip())',
        'f"{network} {flag(term)}".strip()',
    ),
    Bend(
        "networks: the check never finds a better preprocessing",
        "test_the_default_network_fed_otherwise_looks_wrong",
        "if own.misfit is not None and BETTER",
        "if own.misfit is None and BETTER",
    ),
    Bend(
        "networks: a stated preprocessing is not used",
        "test_what_is_stated_is_what_the_network_takes",
        "return known if stated is None else replace",
        "return known if stated is not None else replace",
    ),
    Bend(
        "networks: a model's classes may carry code",
        "test_a_model_with_code_is_refused_unless_its_class_is_registered",
        "_check_legacy(path, registered)",
        "pass",
    ),
    Bend(
        "objectives: later frames take steps as noisy as the first",
        "test_later_frames_take_a_share_of_the_step_and_of_its_noise",
        "settings.jitter_noise * sustain",
        "settings.jitter_noise",
    ),
    Bend(
        "guides: a shallow layer has as many places as a deep one",
        "test_a_shallow_layer_has_fewer_places_of_a_guide",
        "min(MOST_PLACES, SHALLOW * stride**2)",
        "MOST_PLACES",
    ),
    # The studio
    Bend(
        "studio: no cookie is needed",
        "test_no_other_cookie_opens",
        "return None if self._is_known(headers) else PlainTextResponse(LOCKED, 403)",
        "return None",
    ),
    Bend(
        "studio: any host is answered",
        "test_another_host_is_refused",
        'or headers["host"] not in self._hosts:',
        "or False:",
    ),
    Bend(
        "studio: the origin null passes",
        "test_another_origin_is_refused",
        "if origins and origins != allowed:",
        'if origins and origins not in (allowed, ["null"]):',
    ),
    Bend(
        "studio: what changes anything need not say where it is from",
        "test_what_changes_anything_says_where_it_is_from",
        'if method not in ("GET", "HEAD") and origins != allowed:',
        'if method not in ("GET", "HEAD") and len(origins) > 1:',
    ),
    Bend(
        "studio: a token opens twice",
        "test_a_token_opens_once",
        """        if fits:
            self.token = secrets.token_urlsafe(32)
""",
        """        if fits:
""",
    ),
    Bend(
        "studio: links lead outside",
        "test_links_are_followed_to_their_ends",
        "return Path(os.path.realpath(self.path / name))",
        "return Path(os.path.normpath(self.path / name))",
    ),
    Bend(
        "studio: links among pictures lead outside",
        "test_a_link_among_pictures_leads_nowhere",
        "yield from (file for _, file in find_pictures(path).pictures)",
        "yield from ()",
    ),
    Bend(
        "studio: a recipe extends any file",
        "test_what_is_extended_lies_inside",
        "self._confine_extends(data, self.folder.path, 0)",
        "pass",
    ),
    Bend(
        "studio: the recipe that an extended one extends is any file",
        "test_what_is_extended_lies_inside",
        "self._confine_extends(parse_yaml(text, parent), path.parent, depth + 1)",
        "pass",
    ),
    Bend(
        "studio: a stranger's run names the process that is stopped",
        "test_the_renderer_is_a_process_of_dreamvids",
        "if not 0 < number < 2**31:",
        "if number > 2**31:",
    ),
    Bend(
        "studio: an upload has no largest size",
        "test_an_upload_has_a_largest_size",
        "if taken > most:",
        "if taken > 2**60:",
    ),
    Bend(
        "studio: what was uploaded is not looked at",
        "test_a_hostile_upload_is_refused",
        "await anyio.to_thread.run_sync(_check, kind, upload, name)",
        "pass",
    ),
    Bend(
        "studio: what is urgent waits its turn",
        "test_the_urgent_interrupts_what_is_not",
        "if urgent and self._yield_turn is not None:",
        "if urgent and False:",
    ),
    Bend(
        "studio: a preview that no one wants goes on",
        "test_what_is_not_wanted_any_more_ends",
        """        try:
            self._write(process, {"cancel": number})
            while""",
        """        try:
            while""",
    ),
    Bend(
        "studio: Stop stops nothing",
        "test_a_film_may_be_stopped_as_soon",
        'process.stdin.write(b"stop\\n")',
        'process.stdin.write(b"")',
    ),
    Bend(
        "studio: Resume resumes nothing",
        "test_a_film_that_fails_is_told",
        'job.state, job.message = "waiting", ""',
        'job.state, job.message = "stopped", ""',
    ),
    Bend(
        "studio: two keyframes at one place are one",
        "test_what_is_no_schedule_is_told",
        "if word in given:",
        "if word in ():",
    ),
)


def place(bend: Bend, package: Path) -> Path | None:
    """The file that a bend is made in; None: it does not apply."""
    found = [path for path, text in texts_of(package) for _ in range(text.count(bend.old))]
    return found[0] if len(found) == 1 else None


@cache
def texts_of(package: Path) -> list[tuple[Path, str]]:
    """The package's files, and what stands in them."""
    return [(path, path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))]


@cache
def home_of(test: str) -> Path | None:
    """The file of a test's function, wherever under `tests/`."""
    name = re.escape(test.split("[")[0])
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if re.search(rf"^def {name}\w*\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            return path
    return None


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


def outcome_of(bend: Bend) -> str:
    """What became of a bend."""
    test = home_of(bend.test)
    if test is None:
        return f"does not apply: no test {bend.test}"
    with copied() as folder:
        path = place(bend, folder / "dreamvid")
        if path is None:
            return "does not apply"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(bend.old, bend.new), encoding="utf-8")
        name = " and ".join(filter(None, re.split(r"[\[\]]", bend.test)))
        words = [
            "-x",
            "-n0",
            "-m",
            "",
            "-p",
            "no:cacheprovider",
            str(test.relative_to(ROOT)),
            "-k",
            name,
        ]
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
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
    args = asked.parse_args()
    failed, start = 0, time.monotonic()
    for number, bend in enumerate(BENDS, 1):
        if args.only and number not in args.only:
            continue
        if args.list:
            path = place(bend, ROOT / "dreamvid")
            print(f"{number:3} {bend.part} ({path.name if path else 'does not apply'})")
            continue
        begin = time.monotonic()
        outcome = outcome_of(bend)
        failed += outcome != "caught"
        print(f"{number:3} {bend.part}: {outcome} ({time.monotonic() - begin:.0f} s)", flush=True)
    if not args.list:
        print(f"{failed} not caught; {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
