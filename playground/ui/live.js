// While a slider is held, what the page would show for its value is computed here; Python measures on release.
// Joined between live_chain.js, which computes, and player.js.

const LIVE_IN_TIME = 60; // milliseconds: a slower browser takes fewer particles, of LIVE_FEWEST at least
const LIVE_FEWEST = 100;

class Live {
  constructor(player) {
    this.player = player;
    this.held = new Held(player.listening.signal, {
      sliders: () => Object.keys(this.spec?.sliders ?? {}),
      begin: () => this.begin(),
      show: (key, value) => this.show(key, value),
      end: () => this.restore(),
    });
  }

  get spec() {
    return this.player.header?.live;
  }

  begin() {
    const { state, frame, frames } = this.player;
    this.playing = state.playing;
    this.share = state.playing || frame === 0 ? 1 : frame / (frames - 1); // who paused looks at that step
    this.weights = this.spec.weights;
    this.moves = undefined;
    this.name = "";
  }

  // A slider of no walks is that of π; one of walks has one for each of its places, or none where it is too long.
  take(key, value) {
    const walks = this.spec.sliders[key];
    if (!walks) this.weights = [value, 1 - value];
    else {
      const place = Math.round((value - walks.low) / walks.step);
      this.moves = walks.moves[place];
      this.name = `, ${walks.names[place]}`;
    }
    return !walks || this.moves;
  }

  show(key, value) {
    const { spec, player } = this;
    if (!this.take(key, value)) return;
    const began = performance.now();
    player.play(false);
    this.particles ??= spec.particles;
    const many = { ...spec, particles: this.particles, share: this.share };
    const shares = player.panels.map((panel, i) => {
      if (!spec.panels[i]) return null;
      const plan = this.moves ? { ...spec.panels[i], moves: this.moves } : spec.panels[i];
      const walk = walked(spec.mixture, this.weights, plan, many);
      const mixture = new LiveMixture(spec.mixture, this.weights);
      panel.showLive(walk[plan.drawn === "drive" ? "last" : "xs"], walk.modes, mixture, player.theme());
      panel.caption.textContent = this.caption(walk.shares[0], many.particles);
      return walk.shares[0];
    });
    const ms = performance.now() - began;
    player.root.dataset.live = JSON.stringify({ key, value, shares, ms, particles: many.particles });
    if (ms > LIVE_IN_TIME || ms < LIVE_IN_TIME / 3) {
      const wanted = Math.floor((many.particles * LIVE_IN_TIME) / ms); // the first run, not yet compiled, is slow
      this.particles = Math.max(LIVE_FEWEST, Math.min(spec.particles, wanted));
    }
  }

  caption(part, particles) {
    const two = this.weights.length === 2;
    const share = two ? `: ${part.toFixed(2)} in mode 1, of π = ${this.weights[0].toFixed(2)}` : "";
    return `live, ${particles} particles${this.name}${share}`;
  }

  // New data end it (player.js, update).
  end() {
    this.held.end();
  }

  restore() {
    if (!this.player.root.dataset.live) return;
    delete this.player.root.dataset.live;
    for (const panel of this.player.panels) panel.endLive?.();
    this.player.layout();
    this.player.play(this.playing);
  }
}
