"""An atlas as a page for a browser, in one file: no script, and nothing from elsewhere."""

from __future__ import annotations

import base64
import io
import shlex
from collections.abc import Sequence
from html import escape

from PIL import Image

from dreamvid.frame import Frame
from dreamvid.media.sink import to_uint8
from dreamvid.rendering.atlas import Made

QUALITY = 88
"""Of the pictures, as JPEGs."""

STYLE = """
body { background: #181818; color: #e8e8e8; font: 14px/1.4 system-ui, sans-serif; margin: 1.5em }
main { display: flex; flex-wrap: wrap; gap: 14px }
figure { margin: 0 }
img { display: block }
figcaption { overflow-wrap: anywhere }
code { user-select: all; color: #fff }
"""


def draw_atlas_page(title: str, network: str, tiles: Sequence[tuple[Made, Frame]]) -> str:
    """The page as HTML.

    Args:
        network: flags that name the network; "" of the default one.
        tiles: what was made, and its picture as it is shown.
    """
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            "<p>A click into a caption selects the flag to paste.</p><main>",
            *(_figure(network, made, picture) for made, picture in tiles),
            "</main></body></html>\n",
        ]
    )


def flag(term: str) -> str:
    """The flag that makes a picture, as it is pasted into a shell."""
    plain = shlex.quote(term)
    return f"--layers {term if plain == term else _quoted(term)}"


def _quoted(term: str) -> str:
    """In double quotes, which every shell knows, unless these leave signs with a meaning."""
    return shlex.quote(term) if set(term) & set('"$`\\!%') else f'"{term}"'


def _figure(network: str, made: Made, picture: Frame) -> str:
    data = io.BytesIO()
    Image.fromarray(to_uint8(picture)).save(data, "JPEG", quality=QUALITY)
    inlined = base64.b64encode(data.getvalue()).decode("ascii")
    term, side = made.wanted.term.name, picture.shape[0]
    flags = escape(f"{network} {flag(term)}".strip())
    about = f"<br>{escape(made.wanted.about)}" if made.wanted.about else ""
    silent = "<br>answers nothing" if made.silent else ""
    return (
        f'<figure style="width:{side}px"><img width="{side}" height="{side}" '
        f'alt="{escape(term)}" src="data:image/jpeg;base64,{inlined}">'
        f"<figcaption><code>{flags}</code>{about}{silent}</figcaption></figure>"
    )
