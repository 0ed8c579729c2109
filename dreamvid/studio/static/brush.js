/** A brush on a canvas: soft strokes of light, with the pointer or with the keys. */

const STEP = 12;

// Seen on clouds and on forests alike; the mask that is saved is white.
const PAINT = "20 225 205";

/**
 * Makes a canvas be painted on.
 * @param {HTMLCanvasElement} canvas
 * @param {{size: () => number, softness: () => number, erases: () => boolean,
 *     moved: (x: number, y: number, radius: number) => void}} settings size in px of the canvas; `moved` is
 *     told where the brush is, in percent, and its radius on the screen
 */
export function brush(canvas, settings) {
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const past = [];
  let last = null;
  let keys = { x: canvas.width / 2, y: canvas.height / 2 };

  function dab(x, y) {
    const radius = settings.size() / 2;
    const glow = ink.createRadialGradient(x, y, radius * (1 - settings.softness()) * 0.999, x, y, radius);
    glow.addColorStop(0, `rgb(${PAINT} / 1)`);
    glow.addColorStop(1, `rgb(${PAINT} / 0)`);
    ink.globalCompositeOperation = settings.erases() ? "destination-out" : "source-over";
    ink.fillStyle = glow;
    ink.beginPath();
    ink.arc(x, y, radius, 0, 2 * Math.PI);
    ink.fill();
    ink.globalCompositeOperation = "source-over";
  }

  function stroke(to) {
    const from = last ?? to;
    const far = Math.hypot(to.x - from.x, to.y - from.y);
    const count = Math.max(1, Math.ceil(far / Math.max(1, settings.size() / 8)));
    for (let each = 1; each <= count; each += 1) {
      dab(from.x + ((to.x - from.x) * each) / count, from.y + ((to.y - from.y) * each) / count);
    }
    last = to;
  }

  function remember() {
    past.push(ink.getImageData(0, 0, canvas.width, canvas.height));
    if (past.length > 8) past.shift();
  }

  function place(event) {
    const area = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - area.left) / area.width) * canvas.width,
      y: ((event.clientY - area.top) / area.height) * canvas.height,
    };
  }

  function point(at = keys) {
    keys = at;
    const shown = canvas.getBoundingClientRect().width / canvas.width;
    settings.moved((100 * at.x) / canvas.width, (100 * at.y) / canvas.height, (settings.size() / 2) * shown);
  }

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.focus();
    canvas.setPointerCapture(event.pointerId);
    remember();
    last = null;
    stroke(place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    point(place(event));
    if (last && canvas.hasPointerCapture(event.pointerId)) {
      for (const each of event.getCoalescedEvents?.() ?? [event]) stroke(place(each));
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      last = null;
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const far = STEP * (event.shiftKey ? 4 : 1);
    const way = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[
      event.key
    ];
    if (way) {
      const held = (value, most) => Math.min(most, Math.max(0, value));
      point({ x: held(keys.x + way[0], canvas.width), y: held(keys.y + way[1], canvas.height) });
    } else if (event.key === " ") {
      remember();
      last = null;
      stroke(keys);
      last = null;
    } else return;
    event.preventDefault();
  });

  return {
    point,
    fill() {
      remember();
      ink.fillStyle = `rgb(${PAINT})`;
      ink.fillRect(0, 0, canvas.width, canvas.height);
    },
    clear() {
      remember();
      ink.clearRect(0, 0, canvas.width, canvas.height);
      keys = { x: canvas.width / 2, y: canvas.height / 2 };
    },
    undo() {
      const before = past.pop();
      if (before) ink.putImageData(before, 0, 0);
    },
    /** Takes a mask that was painted before: its brightness becomes paint. */
    load(image) {
      ink.drawImage(image, 0, 0, canvas.width, canvas.height);
      const pixels = ink.getImageData(0, 0, canvas.width, canvas.height);
      for (let each = 0; each < pixels.data.length; each += 4) {
        pixels.data[each + 3] = pixels.data[each];
        pixels.data.set(PAINT.split(" ").map(Number), each);
      }
      ink.putImageData(pixels, 0, 0);
    },
    /** The mask as a PNG, the paint white on black. */
    picture() {
      const flat = document.createElement("canvas");
      flat.width = canvas.width;
      flat.height = canvas.height;
      const page = flat.getContext("2d");
      page.drawImage(canvas, 0, 0);
      page.globalCompositeOperation = "source-in";
      page.fillStyle = "#fff";
      page.fillRect(0, 0, flat.width, flat.height);
      page.globalCompositeOperation = "destination-over";
      page.fillStyle = "#000";
      page.fillRect(0, 0, flat.width, flat.height);
      return new Promise((resolve) => flat.toBlob(resolve, "image/png"));
    },
  };
}
