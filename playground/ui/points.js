// Points painted in the plane. The browser owns them while the canvas is on the page: Python gives the first and
// hears of each stroke at its end; a late answer never overwrites a stroke that began in the meantime.

const DOT = "#0072B2"; // blue, seen on black and on white
const APART = 7; // pixels between the points of a stroke
const painters = new WeakMap(); // Streamlit calls again, on the same parent, whenever data or theme change

const rounded = (value) => Math.round(value * 1000) / 1000;

class Painter {
  constructor(root) {
    this.root = root;
    this.cursor = { x: 0, y: 0, shown: false };
    this.canvas = root.querySelector(".board");
    this.context = this.canvas.getContext("2d");
    this.count = root.querySelector(".count");
    this.listening = new AbortController();
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.canvas);
    this.listen();
  }

  update({ key, points, extent, most, size }, send) {
    this.send = send;
    if (key !== this.key) Object.assign(this, { key, points: JSON.parse(points), sent: points, strokes: [] });
    Object.assign(this, { extent, most });
    this.root.style.setProperty("--size", `${size}px`);
    this.layout();
  }

  listen() {
    const on = (target, handlers) => {
      for (const [name, handler] of Object.entries(handlers)) {
        target.addEventListener(name, handler, { signal: this.listening.signal });
      }
    };
    on(this.root, { click: (event) => this.act(event.target.closest("button")?.dataset.act) });
    on(this.canvas, {
      pointerdown: (event) => {
        if (event.button !== 0) return;
        this.canvas.setPointerCapture(event.pointerId);
        this.begin(this.at(event));
      },
      pointermove: (event) => this.move(this.at(event)),
      pointerup: () => this.end(),
      pointercancel: () => this.end(),
      keydown: (event) => this.press(event),
      blur: () => {
        this.cursor.shown = false;
        this.draw();
      },
    });
  }

  at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const unit = (2 * this.extent) / box.width;
    return { x: (clientX - box.left) * unit - this.extent, y: this.extent - (clientY - box.top) * unit };
  }

  // --- painting ---

  begin(place) {
    this.drawing = true;
    this.strokes.push(this.points.length); // undo goes back to here
    this.add(place);
  }

  move(place) {
    if (!this.drawing) return;
    const [x, y] = this.points.at(-1) ?? [Infinity, Infinity];
    const apart = (APART * 2 * this.extent) / this.canvas.clientWidth;
    if (Math.hypot(place.x - x, place.y - y) >= apart) this.add(place);
  }

  end() {
    if (!this.drawing) return;
    this.drawing = false;
    this.tell();
  }

  add({ x, y }) {
    const inside = Math.max(Math.abs(x), Math.abs(y)) <= this.extent;
    if (inside && this.points.length < this.most) this.points.push([rounded(x), rounded(y)]);
    this.draw();
  }

  act(name) {
    if (name === "clear") {
      Object.assign(this, { points: [], strokes: [] });
    } else if (name === "undo") {
      this.points.length = Math.min(this.points.length, this.strokes.pop() ?? 0);
    } else {
      return;
    }
    this.tell();
    this.draw();
  }

  press(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const by = moves[event.key];
    if (!by && event.key !== " ") return;
    event.preventDefault();
    this.cursor.shown = true;
    if (by) {
      const kept = (value) => Math.max(-this.extent, Math.min(this.extent, value));
      this.cursor.x = kept(this.cursor.x + (by[0] * this.extent) / 30);
      this.cursor.y = kept(this.cursor.y + (by[1] * this.extent) / 30);
      this.draw();
    } else if (!event.repeat) {
      this.begin(this.cursor);
      this.end();
    }
  }

  tell() {
    const text = JSON.stringify(this.points);
    if (text !== this.sent) this.send((this.sent = text));
  }

  // --- drawing ---

  layout() {
    if (!this.points) return;
    this.side = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio));
    this.canvas.width = this.canvas.height = this.side;
    this.draw();
  }

  draw() {
    const { context, side, points } = this;
    context.clearRect(0, 0, side, side);
    this.axes();
    context.fillStyle = DOT;
    for (const [x, y] of points) this.disc(x, y, 2.5 * devicePixelRatio);
    if (this.cursor.shown) this.cross();
    this.count.textContent = `${points.length} of at most ${this.most} points`;
    this.canvas.setAttribute("aria-label", `Points: click or drag to add some; there are ${this.count.textContent}`);
    this.root.querySelector("[data-act=undo]").disabled = !points.length;
    this.root.querySelector("[data-act=clear]").disabled = !points.length;
  }

  pixel(x, y) {
    const unit = this.side / (2 * this.extent);
    return [(x + this.extent) * unit, (this.extent - y) * unit];
  }

  axes() {
    const { context, side } = this;
    const style = getComputedStyle(this.root);
    context.strokeStyle = style.color;
    context.lineWidth = devicePixelRatio;
    for (const [alpha, every] of [[0.1, 3], [0.3, this.extent]]) {
      context.globalAlpha = alpha;
      for (let tick = -this.extent + every; tick < this.extent; tick += every) {
        const [column, row] = this.pixel(tick, tick);
        context.beginPath();
        context.moveTo(column, 0);
        context.lineTo(column, side);
        context.moveTo(0, row);
        context.lineTo(side, row);
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }

  disc(x, y, radius) {
    this.context.beginPath();
    this.context.arc(...this.pixel(x, y), radius, 0, 2 * Math.PI);
    this.context.fill();
  }

  cross() {
    const { context } = this;
    const [column, row] = this.pixel(this.cursor.x, this.cursor.y);
    const arm = 7 * devicePixelRatio;
    context.strokeStyle = getComputedStyle(this.root).color;
    context.lineWidth = 2 * devicePixelRatio;
    context.beginPath();
    context.moveTo(column - arm, row);
    context.lineTo(column + arm, row);
    context.moveTo(column, row - arm);
    context.lineTo(column, row + arm);
    context.stroke();
  }

  destroy() {
    this.observer.disconnect();
    this.listening.abort();
  }
}

export default function ({ data, parentElement, setStateValue }) {
  let painter = painters.get(parentElement);
  if (!painter) {
    painter = new Painter(parentElement.querySelector(".painter"));
    painters.set(parentElement, painter);
  }
  painter.update(data, (text) => setStateValue("points", text));
  return () => {
    painter.destroy();
    painters.delete(parentElement);
  };
}
