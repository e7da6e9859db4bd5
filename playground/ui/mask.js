// A 28 x 28 mask painted over an image. The browser owns the mask while it is on the page: Python gives the first
// and hears of each stroke at its end; a late answer never overwrites a stroke that began in the meantime.

const N = 28;
const HOLE = "#D55E00"; // vermillion, seen on black and on white
const UNDO_STEPS = 100;
const editors = new WeakMap(); // Streamlit calls again, on the same parent, whenever data or theme change

// Row by row, eight pixels to a byte, the first in the highest bit: numpy.packbits.
function encoded(mask) {
  let text = "";
  for (let i = 0; i < mask.length; i += 4) {
    text += ((mask[i] << 3) | (mask[i + 1] << 2) | (mask[i + 2] << 1) | mask[i + 3]).toString(16);
  }
  return text;
}

function decoded(text) {
  return Uint8Array.from({ length: N * N }, (_, i) => (parseInt(text[i >> 2], 16) >> (3 - (i & 3))) & 1);
}

const bytes = (text) => Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.substr(2 * i, 2), 16));

const masked = (rule) => Uint8Array.from({ length: N * N }, (_, i) => rule(i % N, Math.floor(i / N)));

const PRESETS = {
  left: (x) => x < N / 2,
  right: (x) => x >= N / 2,
  top: (x, y) => y < N / 2,
  bottom: (x, y) => y >= N / 2,
  centre: (x, y) => Math.max(Math.abs(x - 13.5), Math.abs(y - 13.5)) < N / 4,
};

class Editor {
  constructor(root) {
    this.root = root;
    this.tool = 1;
    this.brush = 3;
    this.cursor = { x: 14, y: 14, shown: false };
    this.canvas = root.querySelector(".board");
    this.context = this.canvas.getContext("2d");
    this.share = root.querySelector(".share");
    this.listening = new AbortController();
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.canvas);
    this.listen();
  }

  update({ key, image, mask, size }, send) {
    this.send = send;
    if (key !== this.key) Object.assign(this, { key, mask: decoded(mask), sent: mask, history: [] });
    this.picture = picture(bytes(image));
    this.root.style.setProperty("--size", `${size}px`);
    this.layout();
  }

  listen() {
    const on = (target, handlers) => {
      for (const [name, handler] of Object.entries(handlers)) {
        target.addEventListener(name, handler, { signal: this.listening.signal });
      }
    };
    on(this.root, { click: (event) => this.click(event.target.closest("button")?.dataset ?? {}) });
    on(this.canvas, {
      pointerdown: (event) => {
        if (event.button !== 0) return;
        this.canvas.setPointerCapture(event.pointerId);
        this.begin(this.cell(event));
      },
      pointermove: (event) => this.move(this.cell(event)),
      pointerup: () => this.end(),
      pointercancel: () => this.end(),
      pointerleave: () => this.hide(),
      keydown: (event) => this.press(event),
      keyup: (event) => event.key === " " && this.end(),
      focus: () => this.canvas.matches(":focus-visible") && this.move(this.cursor),
      blur: () => this.end() || this.hide(),
    });
  }

  click({ tool, brush, preset, act }) {
    if (tool) this.tool = Number(tool);
    if (brush) this.brush = Number(brush);
    if (preset) this.replace(masked(PRESETS[preset]));
    if (act === "clear") this.replace(masked(() => 0));
    if (act === "invert") this.replace(this.mask.map((bit) => 1 - bit));
    if (act === "undo" && this.history.length) {
      this.mask = this.history.pop();
      this.tell();
    }
    this.draw();
  }

  replace(mask) {
    this.keep();
    this.mask = mask;
    this.tell();
  }

  keep() {
    this.history.push(this.mask.slice());
    if (this.history.length > UNDO_STEPS) this.history.shift();
  }

  tell() {
    const text = encoded(this.mask);
    if (text !== this.sent) this.send(text);
    this.sent = text;
  }

  press(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === " " && !event.repeat) this.begin(this.cursor);
    else if (step) this.move({ x: clamp(this.cursor.x + step[0]), y: clamp(this.cursor.y + step[1]) });
    else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) this.click({ act: "undo" });
    else if (event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
  }

  // --- a stroke, by pointer or by keyboard ---

  cell(event) {
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const at = (offset) => clamp(Math.floor((offset * N) / width));
    return { x: at(event.clientX - left), y: at(event.clientY - top) };
  }

  begin(cell) {
    this.end();
    this.keep();
    this.drawing = true;
    this.cursor = { ...cell, shown: true };
    this.stamp(cell);
    this.draw();
  }

  move(cell) {
    if (this.drawing) this.line(this.cursor, cell);
    this.cursor = { ...cell, shown: true };
    this.draw();
  }

  end() {
    if (!this.drawing) return;
    this.drawing = false;
    if (encoded(this.mask) === encoded(this.history.at(-1))) this.history.pop(); // nothing to undo
    this.tell();
    this.draw();
  }

  hide() {
    if (this.drawing) return;
    this.cursor.shown = this.canvas.matches(":focus-visible");
    this.draw();
  }

  // A fast pointer skips cells: fill in those between.
  line(from, to) {
    const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
    for (let i = 1; i <= steps; i++) {
      const part = i / steps;
      this.stamp({
        x: Math.round(from.x + part * (to.x - from.x)),
        y: Math.round(from.y + part * (to.y - from.y)),
      });
    }
  }

  stamp({ x, y }) {
    const reach = (this.brush - 1) / 2;
    for (let row = Math.max(0, y - reach); row <= Math.min(N - 1, y + reach); row++) {
      this.mask.fill(this.tool, row * N + Math.max(0, x - reach), row * N + Math.min(N - 1, x + reach) + 1);
    }
  }

  // --- drawing ---

  layout() {
    if (!this.mask) return;
    // Whole device pixels to a cell, so that cells have sharp and equal edges.
    this.unit = Math.max(1, Math.round((this.canvas.clientWidth * devicePixelRatio) / N));
    this.canvas.width = this.canvas.height = this.unit * N;
    this.hatch = hatched(this.context, this.unit);
    this.draw();
  }

  draw() {
    const { context, unit, mask } = this;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.picture, 0, 0, unit * N, unit * N);
    for (let i = 0; i < mask.length; i++) {
      if (mask[i]) this.hole((i % N) * unit, Math.floor(i / N) * unit, i);
    }
    if (this.cursor.shown) this.outline();
    const count = mask.reduce((sum, bit) => sum + bit, 0);
    this.share.textContent = `${count} of ${N * N} pixels`;
    this.canvas.setAttribute("aria-label", `Mask: paint the part to fill in; ${this.share.textContent} are painted`);
    const pressed = (name, value) => {
      for (const button of this.root.querySelectorAll(`[data-${name}]`)) {
        button.setAttribute("aria-pressed", Number(button.dataset[name]) === value);
      }
    };
    pressed("tool", this.tool);
    pressed("brush", this.brush);
    this.root.querySelector("[data-act=undo]").disabled = !this.history.length;
  }

  hole(x, y, i) {
    const { context, unit, mask } = this;
    const column = i % N;
    context.fillStyle = HOLE;
    context.globalAlpha = 0.45;
    context.fillRect(x, y, unit, unit);
    context.globalAlpha = 0.9;
    context.fillStyle = this.hatch;
    context.fillRect(x, y, unit, unit);
    context.fillStyle = HOLE;
    const edge = Math.max(1, Math.round(unit / 6)); // a rim, where the neighbour is known
    if (column === 0 || !mask[i - 1]) context.fillRect(x, y, edge, unit);
    if (column === N - 1 || !mask[i + 1]) context.fillRect(x + unit - edge, y, edge, unit);
    if (!mask[i - N]) context.fillRect(x, y, unit, edge);
    if (!mask[i + N]) context.fillRect(x, y + unit - edge, unit, edge);
    context.globalAlpha = 1;
  }

  outline() {
    const { context, unit, brush, cursor } = this;
    const reach = (brush - 1) / 2;
    const box = [(cursor.x - reach) * unit, (cursor.y - reach) * unit, brush * unit, brush * unit];
    for (const [colour, width] of [["#000", 4], ["#fff", 2]]) { // seen on any background
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.strokeRect(...box);
    }
  }

  destroy() {
    this.observer.disconnect();
    this.listening.abort();
  }
}

const clamp = (at) => Math.max(0, Math.min(N - 1, at));

function canvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function picture(grey) {
  const made = canvas(N, N);
  const context = made.getContext("2d");
  const image = context.createImageData(N, N);
  grey.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  context.putImageData(image, 0, 0);
  return made;
}

// Diagonal stripes that meet from cell to cell.
function hatched(context, unit) {
  const tile = canvas(unit, unit);
  const ink = tile.getContext("2d");
  ink.strokeStyle = HOLE;
  ink.lineWidth = Math.max(1, unit / 7);
  for (const shift of [-unit, 0, unit]) {
    ink.moveTo(shift - 1, unit + 1);
    ink.lineTo(shift + unit + 1, -1);
  }
  ink.stroke();
  return context.createPattern(tile, "repeat");
}

export default function ({ data, parentElement, setStateValue }) {
  let editor = editors.get(parentElement);
  if (!editor) {
    editor = new Editor(parentElement.querySelector(".editor"));
    editors.set(parentElement, editor);
  }
  editor.update(data, (text) => setStateValue("mask", text));
  return () => {
    editor.destroy();
    editors.delete(parentElement);
  };
}
