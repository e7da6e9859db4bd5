// While a slider is held, the panels of a chart of fields are drawn over by what they would show for its value.
// Joined behind live_chain.js and live_net.js, which compute, and held.js, which watches the slider.

const FIELD_STAYS = 500; // milliseconds after new numbers for the chart to be drawn anew
const FIELD_IN_TIME = 80; // milliseconds
const fields = new WeakMap();

class LiveField {
  constructor(root) {
    this.root = root;
    this.listening = new AbortController();
    this.held = new Held(this.listening.signal, {
      sliders: () => Object.keys(this.spec.sliders),
      begin: () => (this.values = {}),
      show: (key, value) => this.show(key, value),
      end: () => this.remove(),
    });
  }

  update(spec) {
    const fresh = JSON.stringify(spec) !== this.made;
    this.made = JSON.stringify(spec);
    this.spec = spec;
    this.coarse ??= spec.coarse;
    if (!fresh || !this.held.following) return;
    const end = () => this.held.end();
    this.chart()?.once?.("plotly_afterplot", end);
    setTimeout(end, FIELD_STAYS);
  }

  chart() {
    const key = `st-key-${this.spec.chart}`; // of one panel or of several, as `chart` names them
    return document.querySelector(`.${key} .js-plotly-plot, [class*="${key}-panels-"] .js-plotly-plot`);
  }

  // The sliders' values -> what fieldsAt takes; no code where the network does not know them.
  at() {
    const { sliders, weights, sigma, told, net } = this.spec;
    const notch = this.values.sigma === undefined ? sigma : sliders.sigma[this.values.sigma];
    const pi = this.values.pi ?? weights[0];
    const knows = net && notch > 0 && Object.keys(this.values).every((key) => net.follows.includes(key));
    const code = knows && (told ? toldWeight(pi) : []);
    return { weights: this.values.pi === undefined ? weights : [pi, 1 - pi], sigma: notch, code };
  }

  show(key, value) {
    const began = performance.now();
    this.values[key] = value;
    const at = this.at();
    const found = fieldsAt({ ...this.spec, coarse: this.coarse }, at);
    this.draw(found);
    const ms = performance.now() - began;
    if (ms > FIELD_IN_TIME) this.coarse = this.spec.arrows; // a slower browser has the errors where the arrows are
    this.root.dataset.live = JSON.stringify({ key, sigma: at.sigma, pi: at.weights[0], area: found.area, ms });
  }

  draw(found) {
    const chart = this.chart();
    const layout = chart?._fullLayout;
    if (!layout) return;
    if (!this.sheets?.[0].isConnected) this.sheets = undefined;
    this.sheets ??= ["", "2", "3"].filter((n) => layout[`xaxis${n}`]).map(() => {
      const sheet = chart.appendChild(document.createElement("canvas"));
      sheet.ariaHidden = true; // the chart below says what it shows, once it is measured
      return sheet;
    });
    const app = getComputedStyle(document.querySelector('[data-testid="stApp"]'));
    const theme = { paper: app.backgroundColor, ink: app.color, font: app.fontFamily };
    const panels = [
      (c, w, h) => this.arrows(c, w, h, found.density, found.exact),
      found.learned && ((c, w, h) => this.arrows(c, w, h, found.density, found.learned)),
      found.error && ((c, w, h) => this.map(c, w, h, found.error)),
    ];
    const words = ["Exact score, live", "Learned score, live", `Live: below 10 % in ${Math.round(100 * found.area)} %`];
    this.sheets.forEach((sheet, i) => {
      const n = i ? i + 1 : "";
      const box = { x: layout[`xaxis${n}`], y: layout[`yaxis${n}`] };
      this.sheet(sheet, box, theme, panels[i], panels[i] ? words[i] : "measured on release");
    });
  }

  // One panel's canvas, over its plot and over the room above it, where its title would tell old numbers.
  sheet(canvas, { x, y }, { paper, ink, font }, paint, words) {
    const head = 40;
    const [width, height] = [x._length, y._length + head];
    const ratio = devicePixelRatio;
    canvas.style.cssText = `position:absolute;pointer-events:none;left:${x._offset}px;top:${y._offset - head}px;width:${width}px;height:${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.globalAlpha = paint ? 1 : 0.7; // what cannot follow is veiled
    context.fillStyle = paper;
    context.fillRect(0, 0, width, height);
    context.globalAlpha = 1;
    context.fillStyle = ink;
    context.font = `14px ${font}`;
    context.textAlign = "center";
    context.fillText(words, width / 2, head - 8);
    context.translate(0, head);
    paint?.(context, width, y._length);
  }

  picture(n, colour) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = n;
    const context = canvas.getContext("2d");
    const image = context.createImageData(n, n);
    for (let k = 0; k < n * n; k++) {
      const [row, column] = [Math.floor(k / n), k % n];
      image.data.set(colour(k), 4 * ((n - 1 - row) * n + column)); // row 0 is at the bottom
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  // Cell centres lie on the limits, so the picture is half a cell larger than the box on each side.
  place(context, picture, width, height) {
    const d = width / (picture.width - 1);
    context.save();
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    context.drawImage(picture, -d / 2, -d / 2, width + d, height + d);
    context.restore();
  }

  arrows(context, width, height, density, score) {
    const { side, arrows, ink, colour } = this.spec;
    this.place(context, this.picture(side, (k) => [...colour, Math.round(255 * 0.55 * density[k])]), width, height);
    const sizes = Float64Array.from({ length: arrows * arrows }, (_, k) => Math.hypot(score[2 * k], score[2 * k + 1]));
    const typical = sizes.slice().sort()[sizes.length >> 1] + 1e-12;
    const cell = width / (arrows - 1);
    context.strokeStyle = context.fillStyle = ink;
    context.lineWidth = 1.2;
    for (let k = 0; k < sizes.length; k++) {
      const [x, y] = [(k % arrows) * cell, height - Math.floor(k / arrows) * cell];
      const scale = cell / (sizes[k] + typical);
      this.arrow(context, x, y, score[2 * k] * scale, -score[2 * k + 1] * scale);
    }
  }

  arrow(context, x, y, dx, dy) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + dx, y + dy);
    context.stroke();
    context.save();
    context.translate(x + dx, y + dy);
    context.rotate(Math.atan2(dy, dx));
    context.beginPath();
    context.moveTo(1, 0);
    context.lineTo(-4, 2.5);
    context.lineTo(-4, -2.5);
    context.fill();
    context.restore();
  }

  map(context, width, height, error) {
    const { colours } = this.spec;
    const coarse = Math.sqrt(error.length);
    const colour = (k) => {
      const share = (Math.log10(error[k]) + 2) / 3; // from 1 % to 1000 %
      return [...colours[Math.round(Math.max(0, Math.min(1, share)) * (colours.length - 1))], 255];
    };
    this.place(context, this.picture(coarse, colour), width, height);
  }

  remove() {
    for (const sheet of this.sheets ?? []) sheet.remove();
    this.sheets = undefined;
    this.values = {};
    delete this.root.dataset.live;
  }

  destroy() {
    this.listening.abort();
    this.remove();
  }
}

export default function ({ data, parentElement }) {
  let field = fields.get(parentElement);
  if (!field) {
    field = new LiveField(parentElement.querySelector(".live-field"));
    fields.set(parentElement, field);
  }
  field.update(data);
  return () => {
    field.destroy();
    fields.delete(parentElement);
  };
}
