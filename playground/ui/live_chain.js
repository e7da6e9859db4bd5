// A Gaussian mixture in the plane and a walk on it, in the browser: toy2d/mixture.py and playground/walk.py once more,
// for as long as a slider is dragged. Modes, levels and step sizes come from Python (toy2d/live.py) as numbers.

// Uniform numbers in [0, 1) from a seed (mulberry32).
function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Standard normal numbers, by Marsaglia's polar method.
function normal(rand) {
  let spare = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    for (;;) {
      const u = 2 * rand() - 1;
      const v = 2 * rand() - 1;
      const s = u * u + v * v;
      if (s === 0 || s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * scale;
      return u * scale;
    }
  };
}

// means [[x, y]], axes [[[x, y], [x, y]]] (a mode's two unit eigenvectors), variances [[l1, l2]], weights [w].
class LiveMixture {
  constructor({ means, axes, variances }, weights) {
    Object.assign(this, { means, axes, variances, weights });
    this.K = means.length;
    this.modes = means.map(() => ({}));
    this.joint = new Float64Array(this.K);
    this.along = new Float64Array(2 * this.K);
    this.at(1, 0);
  }

  // The components of x_t = alpha x_0 + sigma eps: N(alpha mu, alpha^2 S + sigma^2 I).
  at(alpha, sigma) {
    for (let k = 0; k < this.K; k++) {
      const [l1, l2] = this.variances[k];
      const v1 = alpha * alpha * l1 + sigma * sigma;
      const v2 = alpha * alpha * l2 + sigma * sigma;
      const [[ax, ay], [bx, by]] = this.axes[k];
      const [mx, my] = this.means[k];
      const log = Math.log(this.weights[k]) - 0.5 * Math.log(v1 * v2);
      this.modes[k] = { ax, ay, bx, by, mx, my, cx: alpha * mx, cy: alpha * my, v1, v2, g1: alpha * l1, g2: alpha * l2, log };
    }
    return this;
  }

  // Fills joint with log(w_k N_k(x, y)), but for 2 pi, and along with the distances along the axes -> the largest.
  look(x, y) {
    let top = -Infinity;
    for (let k = 0; k < this.K; k++) {
      const m = this.modes[k];
      const p = m.ax * (x - m.cx) + m.ay * (y - m.cy);
      const q = m.bx * (x - m.cx) + m.by * (y - m.cy);
      const log = m.log - 0.5 * ((p * p) / m.v1 + (q * q) / m.v2);
      this.along[2 * k] = p;
      this.along[2 * k + 1] = q;
      this.joint[k] = log;
      if (log > top) top = log;
    }
    return top;
  }

  // grad log q(x, y) ("score") or E[x_0 | x, y] ("x0") at the level of the last at(), into out.
  drive(what, x, y, out) {
    const top = this.look(x, y);
    let total = 0;
    let dx = 0;
    let dy = 0;
    for (let k = 0; k < this.K; k++) {
      const m = this.modes[k];
      const r = Math.exp(this.joint[k] - top);
      total += r;
      if (what === "score") {
        const p = -this.along[2 * k] / m.v1;
        const q = -this.along[2 * k + 1] / m.v2;
        dx += r * (m.ax * p + m.bx * q);
        dy += r * (m.ay * p + m.by * q);
      } else {
        const p = (m.g1 * this.along[2 * k]) / m.v1;
        const q = (m.g2 * this.along[2 * k + 1]) / m.v2;
        dx += r * (m.mx + m.ax * p + m.bx * q);
        dy += r * (m.my + m.ay * p + m.by * q);
      }
    }
    out[0] = dx / total;
    out[1] = dy / total;
  }

  // The most probable mode of a point at the level of the last at().
  mode(x, y) {
    const top = this.look(x, y);
    return this.joint.indexOf(top);
  }

  logDensity(x, y) {
    const top = this.look(x, y);
    let total = 0;
    for (let k = 0; k < this.K; k++) total += Math.exp(this.joint[k] - top);
    return top + Math.log(total / (2 * Math.PI));
  }

  // n exact samples of the data, (2 n).
  sample(n, rand, randn) {
    const xs = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) {
      let k = 0;
      for (let left = rand() - this.weights[0]; left >= 0 && k < this.K - 1; left -= this.weights[k]) k++;
      const p = Math.sqrt(this.variances[k][0]) * randn();
      const q = Math.sqrt(this.variances[k][1]) * randn();
      const [[ax, ay], [bx, by]] = this.axes[k];
      xs[2 * i] = this.means[k][0] + ax * p + bx * q;
      xs[2 * i + 1] = this.means[k][1] + ay * p + by * q;
    }
    return xs;
  }
}

const STARTS = {
  uniform: ({ half }, n, rand) => Float64Array.from({ length: 2 * n }, () => half * (2 * rand() - 1)),
  normal: ({ std }, n, rand, randn) => Float64Array.from({ length: 2 * n }, () => std * randn()),
  point: ({ at }, n) => Float64Array.from({ length: 2 * n }, (_, i) => at[i % 2]),
  data: (_, n, rand, randn, mixture) => mixture.sample(n, rand, randn),
};

// Walks n particles over the first `share` of the moves -> their places (2 n), the last drives (2 n), modes (n), shares (K).
// A move [alpha, sigma, keep, push, noise, times] is x <- keep * x + push * drive(x; alpha, sigma) + noise * z, times over.
function walked(description, weights, { what, start, moves }, { particles, seed, share = 1 }) {
  const mixture = new LiveMixture(description, weights);
  const rand = uniform(seed);
  const randn = normal(rand);
  const xs = STARTS[start.kind](start, particles, rand, randn, mixture);
  const last = xs.slice();
  const out = new Float64Array(2);
  let left = Math.round(share * moves.reduce((sum, move) => sum + move[5], 0));
  for (const [alpha, sigma, keep, push, noise, times] of moves) {
    mixture.at(alpha, sigma);
    const steps = Math.min(times, left);
    left -= steps;
    for (let i = 0; steps > 0 && i < 2 * particles; i += 2) {
      let x = xs[i];
      let y = xs[i + 1];
      for (let step = 0; step < steps; step++) {
        mixture.drive(what, x, y, out);
        x = keep * x + push * out[0] + (noise && noise * randn());
        y = keep * y + push * out[1] + (noise && noise * randn());
      }
      xs[i] = x;
      xs[i + 1] = y;
      last[i] = out[0];
      last[i + 1] = out[1];
    }
  }
  mixture.at(1, 0);
  const modes = new Uint8Array(particles);
  const shares = new Array(mixture.K).fill(0);
  for (let i = 0; i < particles; i++) {
    modes[i] = mixture.mode(xs[2 * i], xs[2 * i + 1]);
    shares[modes[i]] += 1 / particles;
  }
  return { xs, last, modes, shares };
}
