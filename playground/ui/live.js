// While a slider is held, what the page would show for its value is computed here; Python measures on release.
// Joined between live_chain.js, which computes, and player.js.

const LIVE_AFTER_KEY = 600; // milliseconds that a key press on the slider counts as holding it
const LIVE_IN_TIME = 60; // milliseconds: a slower browser takes fewer particles, of LIVE_FEWEST at least
const LIVE_FEWEST = 100;
const LIVE_GIVES_UP = 400; // after release, where Python sends nothing new: the value is what it was

class Live {
  constructor(player) {
    this.player = player;
    const options = { signal: player.listening.signal, capture: true };
    addEventListener("pointerdown", (event) => this.hold(event.target, Infinity), options);
    addEventListener("pointerup", () => this.release(), options);
    addEventListener("pointercancel", () => this.release(), options);
    addEventListener("keydown", (event) => {
      if (/^(Arrow|Page|Home|End)/.test(event.key)) this.hold(event.target, LIVE_AFTER_KEY);
    }, options);
  }

  get spec() {
    return this.player.header?.live;
  }

  hold(target, howLong) {
    const slider = this.spec && target.closest?.(`.st-key-${this.spec.slider}`);
    const input = slider?.querySelector("input[type=range]");
    if (!input || input.disabled) return;
    this.until = performance.now() + howLong;
    if (this.input === input) return;
    this.input = input;
    this.shown ??= Number(input.value);
    const { state, frame, frames } = this.player;
    if (!this.player.root.dataset.live) {
      this.playing = state.playing;
      this.share = state.playing || frame === 0 ? 1 : frame / (frames - 1); // who paused looks at that step
    }
    const look = () => {
      if (!this.input) return;
      const value = Number(input.value);
      if (value !== this.shown) this.show(value);
      if (performance.now() > this.until) this.release();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }

  show(value) {
    const { spec, player } = this;
    const began = performance.now();
    this.shown = value;
    player.play(false);
    const weights = [value, 1 - value];
    this.particles ??= spec.particles;
    const many = { ...spec, particles: this.particles, share: this.share };
    const shares = player.panels.map((panel, i) => {
      if (!spec.panels[i]) return null;
      const walk = walked(spec.mixture, weights, spec.panels[i], many);
      const mixture = new LiveMixture(spec.mixture, weights);
      panel.showLive(walk[spec.panels[i].drawn === "drive" ? "last" : "xs"], walk.modes, mixture, player.theme());
      const part = walk.shares[0];
      panel.caption.textContent = `live, ${many.particles} particles: ${part.toFixed(2)} in mode 1, of π = ${value.toFixed(2)}`;
      return part;
    });
    const ms = performance.now() - began;
    player.root.dataset.live = JSON.stringify({ value, shares, ms, particles: many.particles });
    if (ms > LIVE_IN_TIME || ms < LIVE_IN_TIME / 3) {
      const wanted = Math.floor((many.particles * LIVE_IN_TIME) / ms); // the first run, not yet compiled, is slow
      this.particles = Math.max(LIVE_FEWEST, Math.min(spec.particles, wanted));
    }
  }

  // New data end it (player.js, update); where none come, the old picture comes back.
  release() {
    if (!this.input) return;
    this.input = undefined;
    clearTimeout(this.waiting);
    const look = () => {
      const app = document.querySelector('[data-testid="stApp"]');
      if (app?.dataset.testScriptState === "running") this.waiting = setTimeout(look, LIVE_GIVES_UP);
      else if (this.player.root.dataset.live && !this.input) this.end();
    };
    this.waiting = setTimeout(look, LIVE_GIVES_UP);
  }

  end() {
    clearTimeout(this.waiting);
    this.shown = undefined;
    if (!this.player.root.dataset.live) return;
    delete this.player.root.dataset.live;
    for (const panel of this.player.panels) panel.endLive?.();
    this.player.layout();
    this.player.play(this.playing);
  }
}
