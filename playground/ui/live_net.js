// A small network of the plane as a denoiser, in the browser: toy2d/net.py and playground/denoisers.py once more, for as
// long as a slider is dragged. Its weights come from Python as numbers.

// What a network is told of π, the weight of the first mode: its log odds, and that it is told (toy2d/net.py, pi_code).
const toldWeight = (pi) => [Math.log(pi / (1 - pi)), 1];

// layers [[outputs, inputs]], weights (each layer's matrix, then its bias), data_std, mean [x, y], level_waves, x_waves.
class LiveNet {
  constructor({ layers, weights, std, mean, levelWaves, xWaves }) {
    Object.assign(this, { std, mean, levelWaves, xWaves });
    const numbers = new Float32Array(Uint8Array.from(atob(weights), (c) => c.charCodeAt(0)).buffer);
    let at = 0;
    const next = (size) => numbers.subarray(at, (at += size));
    this.layers = layers.map(([rows, columns]) => {
      return { rows, columns, matrix: next(rows * columns), bias: next(rows), out: new Float32Array(rows) };
    });
    this.input = new Float32Array(this.layers[0].columns);
  }

  // What it is told of the level (alpha = 1, sigma) and of the condition: the same for all points.
  at(sigma, code) {
    this.sigma = sigma;
    this.scale = Math.hypot(this.std, sigma);
    const ratio = this.std / sigma;
    this.logSnr = Math.log(Math.min(1e4, Math.max(1e-4, ratio)));
    const waves = this.levelWaves.length + 2 * this.xWaves.length;
    this.levelWaves.forEach((wave, i) => {
      this.input[2 + i] = Math.sin(this.logSnr * wave);
      this.input[2 + waves + i] = Math.cos(this.logSnr * wave);
    });
    this.input.set(code, 2 + 2 * waves);
    return this;
  }

  // Tweedie's formula of its estimate of x0, into out.
  score(x, y, out) {
    const { input, levelWaves, xWaves, std, scale, sigma } = this;
    const point = [(x - this.mean[0]) / scale, (y - this.mean[1]) / scale];
    const waves = levelWaves.length + 2 * xWaves.length;
    for (let d = 0; d < 2; d++) {
      input[d] = point[d];
      xWaves.forEach((wave, i) => {
        const place = 2 + levelWaves.length + d * xWaves.length + i;
        input[place] = Math.sin(point[d] * wave);
        input[place + waves] = Math.cos(point[d] * wave);
      });
    }
    const v = this.forward();
    const at = [x, y];
    for (let d = 0; d < 2; d++) {
      const x0 = this.mean[d] + std * ((std / scale) * point[d] - (sigma / scale) * v[d]);
      out[d] = (x0 - at[d]) / (sigma * sigma);
    }
  }

  forward() {
    let input = this.input;
    this.layers.forEach(({ rows, columns, matrix, bias, out }, number) => {
      const fours = columns - (columns % 4);
      for (let row = 0, k = 0; row < rows; row++, k += columns) {
        let [a, b, c, d] = [bias[row], 0, 0, 0]; // four sums at once: none waits for another
        for (let i = 0; i < fours; i += 4) {
          a += matrix[k + i] * input[i];
          b += matrix[k + i + 1] * input[i + 1];
          c += matrix[k + i + 2] * input[i + 2];
          d += matrix[k + i + 3] * input[i + 3];
        }
        for (let i = fours; i < columns; i++) a += matrix[k + i] * input[i];
        const sum = a + b + c + d;
        out[row] = number < this.layers.length - 1 ? sum / (1 + Math.exp(-sum)) : sum;
      }
      input = out;
    });
    return input;
  }
}

// The fields of a page at the sliders' values: density (side, side) and exact arrows of the mixture; where a network is
// given that knows these values, its arrows and its error on a coarser grid, (coarse, coarse), whose cells the arrows'
// divide. Rows from low y to high.
function fieldsAt(spec, { weights, sigma, code }) {
  const { extent, side, arrows, coarse } = spec;
  const mixture = new LiveMixture(spec.mixture, weights).at(1, sigma);
  const place = (i, n) => -extent + (2 * extent * i) / (n - 1);
  const log = grid(side, 1, (x, y, out) => (out[0] = mixture.logDensity(x, y)), place);
  const top = log.reduce((a, b) => Math.max(a, b), -Infinity);
  const exact = grid(arrows, 2, (x, y, out) => mixture.drive("score", x, y, out), place);
  const found = { density: log.map((value) => Math.exp((value - top) / 2)), exact };
  if (!code) return found;
  const net = new LiveNet(spec.net).at(sigma, code);
  const learned = grid(coarse, 2, (x, y, out) => net.score(x, y, out), place);
  found.learned = thinned(learned, coarse, arrows);
  return { ...found, ...errorOf(learned, mixture, coarse, place) };
}

function grid(n, width, fill, place) {
  const found = new Float64Array(width * n * n);
  const out = new Float64Array(width);
  for (let i = 0, k = 0; i < n; i++) {
    for (let j = 0; j < n; j++, k += width) {
      fill(place(j, n), place(i, n), out);
      found.set(out, k);
    }
  }
  return found;
}

// Every so many of n points a side, so that m are left: (n, n, 2) -> (m, m, 2).
function thinned(field, n, m) {
  const every = (n - 1) / (m - 1);
  return Float64Array.from({ length: 2 * m * m }, (_, k) => {
    const [row, column] = [Math.floor(k / 2 / m) * every, (Math.floor(k / 2) % m) * every];
    return field[2 * (row * n + column) + (k % 2)];
  });
}

// toy2d/score_fields/experiment.py: the error relative to the larger of the score there and its root mean square over
// the data; area, the share of the square where it is below a tenth.
function errorOf(learned, mixture, n, place) {
  const exact = grid(n, 2, (x, y, out) => mixture.drive("score", x, y, out), place);
  const log = grid(n, 1, (x, y, out) => (out[0] = mixture.logDensity(x, y)), place);
  const top = log.reduce((a, b) => Math.max(a, b), -Infinity);
  let mass = 0;
  let square = 0;
  for (let k = 0; k < n * n; k++) {
    const weight = Math.exp(log[k] - top);
    mass += weight;
    square += weight * (exact[2 * k] ** 2 + exact[2 * k + 1] ** 2);
  }
  const typical = Math.sqrt(square / mass);
  const error = Float64Array.from({ length: n * n }, (_, k) => {
    const size = Math.hypot(exact[2 * k], exact[2 * k + 1]);
    const off = Math.hypot(learned[2 * k] - exact[2 * k], learned[2 * k + 1] - exact[2 * k + 1]);
    return off / Math.max(size, typical);
  });
  return { error, area: error.filter((value) => value < 0.1).length / error.length };
}
