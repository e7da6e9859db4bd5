// The player: what is shown when. Joined behind panels.js, which draws.

const BAR = 400; // pixels that the controls need for one line
const LEAST = 220; // pixels: no panel is lower, however small the window
const VERDICT = 56; // pixels kept free below the controls, for the page's verdict and the gap above it
const LARGE_VERDICT = 66; // the same where the page is presented, and its words are larger
const HOLD_SECONDS = 1; // a looping animation rests on its last frame
const remembered = new Map(); // key -> { hash, position, playing, speed, trails }: outlives reruns and pages
const players = new WeakMap(); // Streamlit calls again, on the same parent, whenever data or theme change

class Player {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.panels = [];
    this.listening = new AbortController();
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.find(".panels"));
    this.place = root.getRootNode().host ?? root;
    this.observer.observe(this.place.closest(".stMainBlockContainer") ?? root); // what stands above grows and shrinks
    this.listen();
    this.live = new Live(this);
  }

  listen() {
    const options = { signal: this.listening.signal };
    this.find(".bar").addEventListener("click", (event) => {
      const act = event.target.closest("button")?.dataset.act;
      if (act) this.actions[act]();
    }, options);
    this.find(".scrub").addEventListener("input", (event) => {
      this.play(false); // who drags wants to look at that frame
      this.seek(Number(event.target.value));
    }, options);
    this.find(".speed").addEventListener("change", (event) => {
      this.state.speed = Number(event.target.value);
    }, options);
    this.root.addEventListener("keydown", (event) => this.press(event), options);
    addEventListener("keydown", (event) => this.presented(event), options);
    addEventListener("resize", () => this.layout(), options);
  }

  actions = {
    restart: () => {
      this.seek(0);
      this.play(true);
    },
    back: () => this.step(-1),
    forward: () => this.step(1),
    toggle: () => this.play(!this.state.playing),
    trails: () => {
      this.state.trails = !this.trails;
      this.refresh();
    },
  };

  press(event) {
    const { tagName } = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || tagName === "SELECT") return;
    if (event.key === " " && tagName === "BUTTON") return; // the button's own click
    const act = {
      " ": this.actions.toggle,
      ArrowLeft: this.actions.back,
      ArrowRight: this.actions.forward,
      Home: () => this.seek(0),
      End: () => this.seek(this.frames - 1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // On a projector the keys work wherever the focus is.
  presented(event) {
    if (!this.header?.present || event.defaultPrevented || event.target.closest?.("input, textarea, select")) return;
    this.press(event);
    if (!/^[0-9]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    this.alone = Number(event.key) - 1;
    this.layout();
  }

  // Those in sight: all, or the one whose number was pressed.
  get shown() {
    const one = this.panels[this.alone];
    return one ? [one] : this.panels;
  }

  get trails() {
    return this.state.trails ?? this.header.panels.some((panel) => panel.trails);
  }

  get frame() {
    return Math.min(Math.floor(this.state.position), this.frames - 1);
  }

  update({ header, read }) {
    const memory = remembered.get(header.key);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const fresh = { hash: header.hash, position: 0, playing: header.autoplay && !calm };
    const same = memory?.hash === header.hash;
    this.state = same ? memory : { ...fresh, speed: memory?.speed ?? 1, trails: memory?.trails };
    remembered.set(header.key, this.state);
    const changed = this.header?.hash !== header.hash;
    if (changed) this.live.end();
    if (changed) this.build(header, read);
    this.header = header;
    this.find(".speed").value = String(this.state.speed);
    this.layout();
    this.play(this.state.playing);
  }

  build(header, read) {
    this.panels = header.panels.map((panel) => new PANELS[panel.kind](panel, read, header.palette));
    this.frames = Math.max(...this.panels.map((panel) => panel.frames));
    this.find(".panels").replaceChildren(...this.panels.map((panel) => panel.root));
    this.find(".scrub").max = this.frames - 1;
    this.find(".count").style.setProperty("--count", `${2 * String(this.frames).length + 3}ch`); // steady width
    const many = this.panels.length;
    this.find(".keys").hidden = !header.present || many < 2;
    this.find(".keys").textContent = `keys 1 to ${many}: one panel, 0: all`;
    this.find("[data-act=trails]").hidden = !header.panels.some((panel) => panel.kind === "points");
  }

  layout() {
    if (!this.header || !this.root.clientWidth) return;
    this.root.classList.toggle("present", this.header.present);
    const theme = this.theme();
    const { panels, shown } = this;
    for (const panel of panels) panel.root.hidden = !shown.includes(panel);
    const widths = shown.map((panel) => panel.naturalWidth(this.height()));
    const gap = parseFloat(getComputedStyle(this.find(".panels")).columnGap);
    // No wider than its panels at full height, so that the controls end where the panels do.
    const natural = `${Math.max(BAR, widths.reduce((sum, width) => sum + width + gap, -gap))}px`;
    this.root.style.maxWidth = natural;
    this.place.closest(".stElementContainer")?.style.setProperty("--natural", natural); // what stands beside it
    shown.forEach((panel, i) => (panel.root.style.maxWidth = `${widths[i]}px`));
    for (const panel of shown) panel.layout(panel.root.clientWidth, theme, devicePixelRatio);
    this.refresh();
  }

  theme() {
    const style = getComputedStyle(this.root);
    const [size, dot] = this.header.present ? [16, 2] : [12, 1]; // of labels, in pixels; of points, relative
    const line = style.getPropertyValue("--st-border-color");
    return { text: style.color, line, font: style.fontFamily, size, dot };
  }

  // So high that the controls are in sight with the top of the page, or once the player itself is scrolled to.
  height() {
    let scroller = this.place;
    while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement;
    const top = this.root.getBoundingClientRect().top + (scroller?.scrollTop ?? 0);
    const panel = this.shown[0]?.root;
    const around = panel ? panel.offsetHeight - panel.querySelector(".stage").offsetHeight : 0;
    const below = around + this.find(".bar").offsetHeight + 8 + (this.header.present ? LARGE_VERDICT : VERDICT);
    const room = innerHeight - below - (top < innerHeight - below - LEAST ? top : 64);
    return Math.max(LEAST, this.header.present ? room : Math.min(this.header.height, room));
  }

  refresh() {
    const { frame, frames } = this;
    this.drawn = frame;
    for (const panel of this.shown) {
      const progress = frames > 1 ? frame / (frames - 1) : 0;
      panel.show(Math.round(progress * (panel.frames - 1)), this.trails);
    }
    if (!this.state.playing) this.describe();
    const scrub = this.find(".scrub");
    scrub.value = frame;
    scrub.style.setProperty("--done", `${(100 * frame) / Math.max(1, frames - 1)}%`);
    scrub.setAttribute("aria-valuetext", `frame ${frame} of ${frames - 1}`);
    this.find(".count").textContent = `${frame} / ${frames - 1}`;
    this.find("[data-act=trails]").setAttribute("aria-pressed", this.trails);
  }

  describe() {
    const progress = this.frames > 1 ? this.frame / (this.frames - 1) : 0;
    for (const panel of this.panels) panel.describe(Math.round(progress * (panel.frames - 1)));
  }

  seek(position) {
    this.state.position = Math.max(0, Math.min(position, this.frames - 1));
    this.refresh();
  }

  step(by) {
    this.play(false);
    this.seek(this.frame + by);
  }

  play(playing) {
    if (playing && !this.state.playing && this.frame === this.frames - 1) this.seek(0);
    this.state.playing = playing && this.frames > 1;
    this.root.classList.toggle("playing", this.state.playing);
    const name = this.state.playing ? "Pause" : "Play";
    this.find(".toggle").setAttribute("aria-label", name);
    this.find(".toggle").title = `${name} (space)`;
    cancelAnimationFrame(this.request);
    this.last = undefined;
    if (!this.state.playing || !this.panels[0]?.seen.ariaLabel) this.describe(); // at rest, and once at first
    if (this.state.playing) this.request = requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    const { state, header } = this;
    // A hidden tab gets no frames: go on from where it was, rather than jump.
    const seconds = Math.min((now - (this.last ?? now)) / 1000, 0.1);
    this.last = now;
    const rate = header.fps * state.speed;
    state.position += rate * seconds;
    const hold = header.loop ? HOLD_SECONDS * rate : 0;
    const over = state.position >= this.frames - 1 + hold;
    if (over && header.loop) state.position = 0;
    if (this.frame !== this.drawn) this.refresh();
    if (over && !header.loop) this.play(false);
    else this.request = requestAnimationFrame((then) => this.tick(then));
  }

  destroy() {
    cancelAnimationFrame(this.request);
    this.observer.disconnect();
    this.listening.abort();
  }
}

// player.py, packed(): header length, JSON header, arrays. A copy of each array's bytes is aligned.
function unpacked(block) {
  const length = new DataView(block.buffer, block.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(block.subarray(4, 4 + length)));
  const read = ([offset, size], Type) => new Type(block.slice(4 + length + offset, 4 + length + offset + size).buffer);
  return { header, read };
}

export default function ({ data, parentElement }) {
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement.querySelector(".player"));
    players.set(parentElement, player);
  }
  player.update(unpacked(data));
  return () => {
    player.destroy();
    players.delete(parentElement);
  };
}
