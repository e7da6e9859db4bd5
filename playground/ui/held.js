// Which slider of the page is held, and what it says: for pictures that follow it before it is released.
// Joined before the files that draw them (live.js, live_field.js).

const LIVE_AFTER_KEY = 600; // milliseconds that a key press on the slider counts as holding it
const LIVE_GIVES_UP = 400; // after release, where Python sends nothing new: the value is what it was

// watch: sliders() -> keys; begin(), when one is taken hold of; show(key, value), whenever it says something new, value
// being the input's number, which is an index where the slider has choices; end(), when the old picture comes back.
class Held {
  constructor(signal, watch) {
    this.watch = watch;
    this.said = {};
    const options = { signal, capture: true };
    addEventListener("pointerdown", (event) => this.hold(event.target, Infinity), options);
    addEventListener("pointerup", () => this.release(), options);
    addEventListener("pointercancel", () => this.release(), options);
    addEventListener("keydown", (event) => {
      if (/^(Arrow|Page|Home|End)/.test(event.key)) this.hold(event.target, LIVE_AFTER_KEY);
    }, options);
  }

  hold(target, howLong) {
    const key = this.watch.sliders().find((name) => target.closest?.(`.st-key-${name}`));
    const input = key && document.querySelector(`.st-key-${key} input[type=range]`);
    if (!input || input.disabled) return;
    this.until = performance.now() + howLong;
    if (this.input === input) return;
    this.input = input;
    this.said[key] ??= Number(input.value);
    if (!this.following) this.watch.begin?.();
    const look = () => {
      if (this.input !== input) return;
      const value = Number(input.value);
      if (value !== this.said[key]) {
        this.said[key] = value;
        this.following = true;
        this.watch.show(key, value);
      }
      if (performance.now() > this.until) this.release();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }

  // New data end it, by end(); where none come, the old picture comes back.
  release() {
    if (!this.input) return;
    this.input = undefined;
    clearTimeout(this.waiting);
    const look = () => {
      const app = document.querySelector('[data-testid="stApp"]');
      if (app?.dataset.testScriptState === "running") this.waiting = setTimeout(look, LIVE_GIVES_UP);
      else if (!this.input) this.end();
    };
    this.waiting = setTimeout(look, LIVE_GIVES_UP);
  }

  end() {
    clearTimeout(this.waiting);
    this.said = {};
    if (!this.following) return;
    this.following = false;
    this.watch.end();
  }
}
