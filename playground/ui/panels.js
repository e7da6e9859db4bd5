// The player's panels: each lays itself out for a width, and draws one frame.
// Streamlit loads this file and player.js, joined, as one module.

const LAST = 65534; // the quantised coordinate of the upper limit (player.py)
const OUTSIDE = 65535; // a point that is not drawn
const TRAIL_POINTS = 150; // more paths than this hide one another
const TRAIL_FRAMES = 30;

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const sized = (canvas, width, height, ratio) => {
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
};

// Multiples of 1, 2 or 5 times a power of ten, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((multiple) => multiple * power >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) {
    found.push({ at: i * step, text: (i * step).toFixed(digits).replace("-", "\u2212") });
  }
  return found;
}

// x_t, x_{t-1}, x0, 10^{-3} and 1e-03: what stands below or above the line, set so; all else as it is.
const typeset = (place, text) => {
  const signs = text.replace(/\bx0\b/g, "x_0").replace(/(\d)e([+-]?)0*(\d+)/g, (_, digit, sign, power) =>
    `${digit}\u00b710^{${sign === "-" ? "\u2212" : ""}${power}}`);
  const parts = signs.split(/([_^](?:\{[^}]*\}|[A-Za-z0-9])(?![A-Za-z0-9_]))/);
  place.replaceChildren(...parts.map((part, i) =>
    i % 2 ? element(part[0] === "_" ? "sub" : "sup", { textContent: part.slice(1).replace(/[{}]/g, "") }) : part));
};

class Panel {
  constructor(header) {
    this.header = header;
    this.frames = header.shape[0];
    this.stage = element("div", { className: "stage" });
    this.caption = element("div", { className: "caption", hidden: !header.captions });
    const title = element("h4");
    typeset(title, header.title);
    this.root = element("div", { className: "panel" }, title);
    this.root.append(this.stage, this.caption);
  }

  show(frame, trails) {
    if (this.header.captions) typeset(this.caption, this.header.captions[frame]);
    this.draw(frame, trails);
  }

  // For who does not see it: what is drawn at this frame, with its numbers.
  describe(frame) {
    const caption = this.header.captions ? `; ${this.header.captions[frame]}` : "";
    this.seen.setAttribute("aria-label", `${this.header.title}: ${this.numbers(frame)}${caption}`);
  }
}

class ImagesPanel extends Panel {
  constructor(header, read) {
    super(header);
    const [, height, width] = header.shape;
    this.pixels = read(header.frames, Uint8Array);
    this.canvas = element("canvas", { className: "image", width, height });
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(width, height);
    this.words = new Uint32Array(this.image.data.buffer);
    this.canvas.setAttribute("role", "img");
    this.seen = this.canvas;
    this.stage.append(this.canvas);
  }

  // How much ink the picture has: noise has about half, digits on their paper a fifth.
  numbers(frame) {
    const size = this.words.length;
    const sum = this.pixels.subarray(frame * size, (frame + 1) * size).reduce((total, pixel) => total + pixel, 0);
    return `pictures of ${this.header.shape[2]} by ${this.header.shape[1]} pixels, ${Math.round(sum / size / 2.55)} % white`;
  }

  naturalWidth(height) {
    return (height * this.header.shape[2]) / this.header.shape[1];
  }

  layout() {} // CSS scales the canvas

  draw(frame) {
    const size = this.words.length;
    const start = frame * size;
    // 0x010101 repeats the grey value in red, green and blue; the top byte is opacity.
    for (let i = 0; i < size; i++) this.words[i] = 0xff000000 | (this.pixels[start + i] * 0x010101);
    this.context.putImageData(this.image, 0, 0);
  }
}

class PointsPanel extends Panel {
  constructor(header, read, palette) {
    super(header);
    this.palette = palette;
    this.count = header.shape[1];
    this.xs = read(header.xs, Uint16Array);
    this.labels = header.labels ? read(header.labels, Uint8Array) : new Uint8Array(this.count);
    this.density = header.background && read(header.background, Uint8Array);
    this.margin = { left: header.yTitle ? 56 : 38, right: 10, top: 8, bottom: header.xTitle ? 42 : 24 };
    this.axes = element("canvas");
    this.cloud = element("canvas");
    this.cloud.setAttribute("role", "img");
    this.seen = this.cloud;
    this.stage.append(this.axes, this.cloud);
    if (header.labelNames.length) this.root.append(this.legend());
  }

  // Of each colour how many points are in sight, and where their middle is.
  numbers(frame) {
    const [xmin, xmax, ymin, ymax] = this.header.limits;
    const names = this.header.labelNames.length ? this.header.labelNames : [""];
    const found = names.map(() => [0, 0, 0]);
    const labels = this.header.labelsMove ? frame * this.count : 0;
    for (let i = 0; i < this.count; i++) {
      const at = 2 * (frame * this.count + i);
      const group = found[names.length > 1 ? this.labels[labels + i] : 0];
      if (!group || this.xs[at] === OUTSIDE) continue;
      group[0] += 1;
      group[1] += this.xs[at];
      group[2] += this.xs[at + 1];
    }
    const middle = (sum, n, low, high) => (low + ((high - low) * sum) / (n * LAST)).toFixed(1).replace(/^-0\.0$/, "0.0");
    const groups = found.map(([n, x, y], i) => `${names[i]} ${n} points`.trim()
      + (n ? ` around (${middle(x, n, xmin, xmax)}, ${middle(y, n, ymin, ymax)})` : ""));
    return `${this.count} in all; ${groups.join(", ")}`;
  }

  legend() {
    const entries = this.header.labelNames.map((name, i) => {
      const entry = element("span");
      typeset(entry, name);
      entry.style.setProperty("--dot", this.palette[i % this.palette.length]);
      return entry;
    });
    return element("div", { className: "legend" }, ...entries);
  }

  naturalWidth(height) {
    const [xmin, xmax, ymin, ymax] = this.header.limits;
    const { left, right, top, bottom } = this.margin;
    return ((height - top - bottom) * (xmax - xmin)) / (ymax - ymin) + left + right;
  }

  layout(width, theme, ratio) {
    const [xmin, xmax, ymin, ymax] = this.header.limits;
    const { left, right, top, bottom } = this.margin;
    const across = width - left - right;
    const down = (across * (ymax - ymin)) / (xmax - xmin); // equal aspect
    for (const canvas of [this.axes, this.cloud]) sized(canvas, width, down + top + bottom, ratio);
    this.box = { x: left, y: top, width: across, height: down };
    this.ratio = ratio;
    this.magnified = theme.dot;
    this.drawAxes(theme);
  }

  drawAxes({ text, line, font, size }) {
    const { x, y, width, height } = this.box;
    const [xmin, xmax, ymin, ymax] = this.header.limits;
    const context = this.axes.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    if (this.density) this.drawDensity(context, text);
    context.strokeStyle = line;
    context.fillStyle = text;
    context.font = `${size}px ${font}`;
    const rule = (x1, y1, x2, y2, opacity) => {
      context.globalAlpha = opacity;
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    };
    const write = (words, at, up) => {
      context.globalAlpha = 0.75;
      context.fillText(words, at, up);
    };
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const tick of ticks(xmin, xmax, width / 60)) {
      const at = x + (width * (tick.at - xmin)) / (xmax - xmin);
      rule(at, y, at, y + height, 0.5);
      rule(at, y + height, at, y + height + 4, 1);
      write(tick.text, at, y + height + 7);
    }
    write(this.header.xTitle, x + width / 2, y + height + 25);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of ticks(ymin, ymax, height / 60)) {
      const at = y + height - (height * (tick.at - ymin)) / (ymax - ymin);
      rule(x, at, x + width, at, 0.5);
      rule(x - 4, at, x, at, 1);
      write(tick.text, x - 7, at);
    }
    context.globalAlpha = 1;
    context.strokeRect(x, y, width, height);
    context.textAlign = "center";
    context.translate(8, y + height / 2);
    context.rotate(-Math.PI / 2);
    write(this.header.yTitle, 0, 0);
  }

  // The density is opacity; the colour is the theme's. Cell centres lie on the limits, so the picture is half
  // a cell larger than the box on each side.
  drawDensity(context, colour) {
    const [rows, columns] = this.header.backgroundShape;
    const picture = element("canvas", { width: columns, height: rows });
    const ink = picture.getContext("2d");
    const image = ink.createImageData(columns, rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const from = (rows - 1 - row) * columns + column; // row 0 of the data is at the bottom
        image.data[4 * (row * columns + column) + 3] = 0.35 * this.density[from];
      }
    }
    ink.putImageData(image, 0, 0);
    ink.globalCompositeOperation = "source-in";
    ink.fillStyle = colour;
    ink.fillRect(0, 0, columns, rows);
    const { x, y, width, height } = this.box;
    const [dx, dy] = [width / (columns - 1), height / (rows - 1)];
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.drawImage(picture, x - dx / 2, y - dy / 2, width + dx, height + dy);
    context.restore();
  }

  draw(frame, trails) {
    const { x, y, width, height } = this.box;
    const labels = this.header.labelsMove
      ? this.labels.subarray(frame * this.count, (frame + 1) * this.count)
      : this.labels;
    const context = this.cloud.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.cloud.width, this.cloud.height);
    const scale = {
      x: x * this.ratio,
      y: (y + height) * this.ratio,
      dx: (width * this.ratio) / LAST,
      dy: (height * this.ratio) / LAST,
    };
    const colours = this.palette.length;
    for (let colour = 0; colour < colours; colour++) {
      const mine = (i) => labels[i] % colours === colour;
      context.strokeStyle = context.fillStyle = this.palette[colour];
      if (trails) this.drawTrails(context, frame, mine, scale);
      this.drawPoints(context, frame, mine, scale);
    }
  }

  drawPoints(context, frame, mine, scale) {
    const many = this.count > 1500;
    const radius = this.magnified * this.ratio * (many ? 1 : this.count > 300 ? 2 : 3);
    const size = Math.max(1, Math.round(2 * radius));
    const start = 2 * this.count * frame;
    context.globalAlpha = many ? 0.7 : 0.9;
    for (let i = 0; i < this.count; i++) {
      const qx = this.xs[start + 2 * i];
      if (qx === OUTSIDE || !mine(i)) continue;
      const px = scale.x + qx * scale.dx;
      const py = scale.y - this.xs[start + 2 * i + 1] * scale.dy;
      // Squares on whole pixels: with thousands of points a disc costs many times more and looks the same.
      if (many) context.fillRect((px - radius) | 0, (py - radius) | 0, size, size);
      else {
        context.beginPath();
        context.arc(px, py, radius, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }

  // Other points than the frames hold (xs (2 n), modes (n)) on the density of another mixture, until endLive().
  showLive(points, modes, mixture, theme) {
    const { header, xs, labels, count, density } = this;
    this.kept ??= { header, xs, labels, count, density };
    const [xmin, xmax, ymin, ymax] = header.limits;
    const [rows, columns] = this.kept.header.backgroundShape ?? [0, 0];
    this.count = modes.length;
    this.labels = modes;
    this.header = { ...this.kept.header, labelsMove: false };
    this.xs = Uint16Array.from(points, (at, i) => {
      const j = i - (i % 2); // a point outside in one coordinate is drawn in none
      const inside = points[j] >= xmin && points[j] <= xmax && points[j + 1] >= ymin && points[j + 1] <= ymax;
      const low = i % 2 ? ymin : xmin;
      return inside ? Math.round((LAST * (at - low)) / ((i % 2 ? ymax : xmax) - low)) : OUTSIDE;
    });
    if (rows) {
      const log = Float64Array.from({ length: rows * columns }, (_, i) => {
        const x = xmin + ((i % columns) * (xmax - xmin)) / (columns - 1);
        const y = ymin + (Math.floor(i / columns) * (ymax - ymin)) / (rows - 1);
        return mixture.logDensity(x, y);
      });
      const top = log.reduce((a, b) => Math.max(a, b), -Infinity);
      this.density = Uint8Array.from(log, (value) => Math.round(255 * Math.exp((value - top) / 2)));
    }
    const names = this.root.querySelectorAll(".legend span");
    names.forEach((name, k) => (name.textContent = `mode ${k + 1}, weight ${mixture.weights[k].toFixed(2)}`));
    this.axes.getContext("2d").setTransform(1, 0, 0, 1, 0, 0);
    this.axes.getContext("2d").clearRect(0, 0, this.axes.width, this.axes.height);
    this.drawAxes(theme);
    this.draw(0, false);
  }

  endLive() {
    if (!this.kept) return;
    Object.assign(this, this.kept, { kept: undefined });
    const names = this.root.querySelectorAll(".legend span");
    names.forEach((name, k) => (name.textContent = this.header.labelNames[k]));
  }

  drawTrails(context, frame, mine, scale) {
    const every = Math.ceil(this.count / TRAIL_POINTS);
    context.globalAlpha = 0.5;
    context.lineWidth = this.ratio;
    context.beginPath();
    for (let i = 0; i < this.count; i += every) {
      if (!mine(i)) continue;
      let drawing = false;
      for (let past = Math.max(0, frame - TRAIL_FRAMES); past <= frame; past++) {
        const at = 2 * (this.count * past + i);
        const inside = this.xs[at] !== OUTSIDE;
        const px = scale.x + this.xs[at] * scale.dx;
        const py = scale.y - this.xs[at + 1] * scale.dy;
        if (inside && drawing) context.lineTo(px, py);
        else if (inside) context.moveTo(px, py);
        drawing = inside;
      }
    }
    context.stroke();
  }
}

const PANELS = { points: PointsPanel, images: ImagesPanel };
