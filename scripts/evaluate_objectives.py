"""Measure what docs/objectives.md says of objectives.

python scripts/evaluate_objectives.py matrix PICTURE…
    Each objective's value for the dreams of all, which are scaled to one strength. Each must be
    highest for its own dream.
python scripts/evaluate_objectives.py classes PICTURE --judge SQUEEZENET.npz [KEY=VALUE…]
    The rank that another network, which did not dream, gives to the class among its thousand.
    Keys of the section `dream` change how it is dreamed.
python scripts/evaluate_objectives.py guides PICTURE PICTURE PICTURE [KEY=VALUE…]
    How near the features of each picture's dream, guided by each other picture, come to the
    guide's, beside those of the plain dream, which is made as strong.
python scripts/evaluate_objectives.py flicker CLIP GUIDE
    The flicker of a clip's dream, guided and not.
python scripts/evaluate_objectives.py cost
    Seconds of a step on a layer, a channel, a class and a guide.

--size N: the picture's longer side (px; 320, and 640 for the cost). --out FOLDER: where the dreams
are written.
"""

from __future__ import annotations

import argparse
import time
from importlib.resources import files
from pathlib import Path

import numpy as np

from dreamvid import Dreamer, DreamTask, Frame, Size, VideoRecipe, frames
from dreamvid.dreaming.networks.activations import Activations, preprocessed
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.tensorflow import tf
from dreamvid.media.opencv import cv2
from dreamvid.media.probe import probe
from dreamvid.media.read import read_picture
from dreamvid.networks.classes import class_number
from dreamvid.networks.registry import spec
from dreamvid.opening import open_source
from dreamvid.recipe import ClassTerm, Network
from dreamvid.recipe.load import make_recipe
from dreamvid.report.measure import measure

OBJECTIVES = (
    *("cells", "machines", "heads", "creatures", "beasts"),
    *("heads:17", "cells:3,17,40", "creatures:strong5", "machines:weak5"),
    *("class:peacock", "class:tabby", "class:daisy"),
)
CLASSES = ("peacock", "golden retriever", "bald eagle", "tabby", "sports car", "daisy")
STRENGTH = 16.0
"""Levels: root mean square of the difference from the source to which all dreams are scaled."""
JUDGED = 227
"""Px: the size of picture that SqueezeNet was trained on."""
ROUNDS = 12


def fitted(path: Path, longest: int) -> Frame:
    """A picture of so many pixels on its longer side."""
    picture = read_picture(path)
    share = longest / max(picture.shape[:2])
    size = round(picture.shape[1] * share), round(picture.shape[0] * share)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def strengthened(dream: Frame, source: Frame) -> Frame:
    """A dream that differs from its source by STRENGTH, where no level is cut off."""
    difference = dream - source
    return source + difference * np.float32(STRENGTH / np.sqrt(np.mean(difference**2)))


def matrix(pictures: list[Path], longest: int, out: Path | None) -> None:
    """Print each objective's rise by each objective's dream, in percent of that by its own."""
    dreamers = [Dreamer(layers=name, octave_top=0) for name in OBJECTIVES]
    for path in pictures:
        source = fitted(path, longest)
        dreams = []
        for name, dreamer in zip(OBJECTIVES, dreamers, strict=True):
            dreams.append(strengthened(dreamer(DreamTask(source)), source))
            keep(out, f"{path.stem} {name}", dreams[-1])
        print(f"{path.name}: rise by each dream, in percent of that by its own")
        right = 0
        for own, (name, dreamer) in enumerate(zip(OBJECTIVES, dreamers, strict=True)):
            before = dreamer.objective_of(source)
            rises = [dreamer.objective_of(dream, source) - before for dream in dreams]
            right += int(np.argmax(rises)) == own
            row = " ".join(f"{100 * rise / rises[own]:5.0f}" for rise in rises)
            print(f"  {name:20} {row}")
        print(f"  largest on the diagonal in {right} of {len(OBJECTIVES)} rows")


def classes(path: Path, judge: Path, longest: int, out: Path | None, keys: list[str]) -> None:
    """Print the rank of each class by a SqueezeNet, of the whole picture at the dream's size and at
    the size that it was trained on."""
    term = ClassTerm(class_=0)
    known = spec("squeezenet").suited_to([term])
    network = load(known, Network(name="squeezenet", weights=str(judge), precision="float32"))
    source = fitted(path, longest)
    options = dict(key.split("=", 1) for key in keys)

    def rank(picture: Frame, number: int) -> int:
        scores = network(preprocessed(tf.constant(picture[np.newaxis]), known.preprocess))
        return int(np.sum(scores[0].numpy() > scores[0, number].numpy())) + 1

    def ranks(picture: Frame, number: int) -> list[int]:
        small = cv2.resize(picture, (JUDGED, JUDGED), interpolation=cv2.INTER_AREA)
        return [rank(np.asarray(each, np.float32), number) for each in (picture, small)]

    before, after = [], []
    for name in CLASSES:
        began = time.perf_counter()
        number = class_number(name, 1000, (), "squeezenet")
        dream = Dreamer(layers=[{"class": name}], **options)(DreamTask(source))
        keep(out, name, dream)
        before.append(ranks(source, number))
        after.append(ranks(dream, number))
        took, strength = time.perf_counter() - began, np.sqrt(np.mean((dream - source) ** 2))
        print(
            f"{name:18} rank {after[-1][0]:4} (at {JUDGED} px {after[-1][1]:4}), of the picture "
            f"{before[-1][0]:4} ({before[-1][1]:4}); {strength:.1f} levels, {took:.0f} s"
        )
    for what, found in (("the picture", before), ("the dreams", after)):
        whole, small = np.median(np.array(found), axis=0)
        print(f"median of {what}: {whole:g}, at {JUDGED} px {small:g}")


def guides(pictures: list[Path], longest: int, out: Path | None, keys: list[str]) -> None:
    """Print cosines of features with the guide's, for each ordered pair of pictures.

    `channels`: of a layer's mean features. `patches`: of each place of the picture with the nearest
    place of the guide, on average. Each is the mean over the layers dreamed on.
    """
    known = spec("lite0")
    layers = [name for name, _ in known.objective]
    network = Activations(known, Network(precision="float32"), layers)
    options = dict(key.split("=", 1) for key in keys)
    plain = Dreamer(**options)

    def features(picture: Frame) -> list[np.ndarray]:
        seen = network(tf.constant(picture[np.newaxis]))
        return [seen[layer].numpy()[0].reshape(-1, network.channels[layer]) for layer in layers]

    def nearness(dream: Frame, guide: Frame, match: str) -> float:
        pairs = list(zip(features(dream), features(guide), strict=True))
        if match == "channels":
            return float(np.mean([unit(a.mean(0)) @ unit(b.mean(0)) for a, b in pairs]))
        return float(np.mean([(unit(a) @ unit(b).T).max(-1).mean() for a, b in pairs]))

    for path in pictures:
        source = fitted(path, longest)
        unguided = strengthened(plain(DreamTask(source)), source)
        keep(out, f"{path.stem} plain", unguided)
        for guide in pictures:
            if guide == path:
                continue
            seen = fitted(guide, 512)
            for match in ("channels", "patches"):
                dreamer = Dreamer(layers=[{"guide": str(guide), "match": match}], **options)
                dream = strengthened(dreamer(DreamTask(source)), source)
                keep(out, f"{path.stem} {guide.stem} {match}", dream)
                found = [nearness(each, seen, match) for each in (source, unguided, dream)]
                print(
                    f"{path.stem:12} {guide.stem:12} {match:9} picture {found[0]:.3f}, plain "
                    f"{found[1]:.3f}, guided {found[2]:.3f}{'' if found[2] > found[1] else '  NO'}"
                )


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows, or one, of norm 1."""
    return rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-9)


def flicker(clip: Path, guide: Path, longest: int, count: int = 16) -> None:
    """Print the mean flicker of a clip's dreams, and its ratio to the unguided one's."""
    sizes = probe(clip).size
    share = longest / max(sizes)
    size = [2 * round(side * share / 2) for side in sizes]
    recipe = VideoRecipe(source=clip, size=size, frames=count)
    source = list(open_source(recipe).open())
    found: dict[str, float] = {}
    objectives = {
        "no guide": None,
        "channels": f"guide:{guide}",
        "patches": f"guide:patches:{guide}",
    }
    for name, objective in objectives.items():
        own = make_recipe({"source": str(clip), "frames": count, "dream": {"objective": objective}})
        films = measure(source, list(frames(own, source, Dreamer(layers=objective))))
        measured = [one.measured for one in films]
        found[name] = float(np.mean([one.flicker for one in measured if one.flicker is not None]))
        strength = np.mean([one.residual for one in measured])
        ratio = found[name] / found["no guide"]
        print(f"{name:9} flicker {found[name]:.3g}, {ratio:.2f} of no guide; {strength:.1f} levels")


def cost(longest: int) -> None:
    """Print the seconds of all processors for one step, taken in turns, and their ratio to a
    layer's."""
    picture = np.full((longest * 9 // 16, longest, 3), 128, np.float32)
    picture += np.random.default_rng(0).normal(0, 20, picture.shape).astype(np.float32)
    names = ("creatures", "creatures:17", "creatures:strong5", "spires", "spires:17", "class:tabby")
    guide = str(files("dreamvid") / "seeds" / "clouds.jpg")
    names += (f"guide:creatures:{guide}", f"guide:patches:creatures:{guide}")
    for shallow in ("scales", "ribs"):
        names += (shallow, f"guide:patches:{shallow}:{guide}")
    same = {"octaves": 1, "octave_top": 0, "burst": 1, "jitter_angle": 0, "jitter_scale": 0}
    same |= {"jitter_noise": 0, "total_variation": 0, "laplacian": 2, "decorrelate": 0.95}
    dreamers = {name: Dreamer(layers=name, **same) for name in names}
    notes = {name: {} for name in names}
    spent = {name: [] for name in names}
    for _ in range(1 + ROUNDS):
        for name, dreamer in dreamers.items():
            began = time.process_time()
            dreamer(DreamTask(picture, notes=notes[name]))
            spent[name].append(time.process_time() - began)
    print(f"a step at {Size.of(picture)}, the least of {ROUNDS}")
    for name in names:
        least = {each: min(times[1:]) for each, times in spent.items()}
        layers = [of for of in names if ":" not in of]
        shown = name.removesuffix(f":{guide}")
        ratios = ", ".join(f"{least[name] / least[of]:.2f} of {of}" for of in layers)
        print(f"  {shown:24} {least[name]:.3f} s, {ratios}")


def keep(out: Path | None, name: str, picture: Frame) -> None:
    """Write a picture into the folder, if there is one."""
    if out:
        out.mkdir(parents=True, exist_ok=True)
        file = name.replace(":", "-").replace(",", "-").replace(" ", "-")
        cv2.imwrite(
            str(out / f"{file}.png"), np.rint(np.clip(picture, 0, 255)).astype(np.uint8)[..., ::-1]
        )


def main() -> None:
    """Measure what is named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("matrix", "classes", "guides", "flicker", "cost"))
    parser.add_argument("words", nargs="*", help="pictures, and keys of the section dream")
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--size", type=int)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    pictures = [Path(word) for word in given.words if "=" not in word]
    keys = [word for word in given.words if "=" in word]
    if given.what == "matrix":
        matrix(pictures, given.size or 320, given.out)
    elif given.what == "classes":
        classes(pictures[0], given.judge, given.size or 320, given.out, keys)
    elif given.what == "guides":
        guides(pictures, given.size or 320, given.out, keys)
    elif given.what == "flicker":
        flicker(*pictures, given.size or 320)
    else:
        cost(given.size or 640)


if __name__ == "__main__":
    main()
