"""One screen, page by page, in a real browser, for all eyes.

At 1280 x 800 title, claim, main control, picture, play bar and verdict are in sight together; at 1920 x 1080 the panels
fill the width; and nothing that is looked at moves when a button of the page sets its controls.  In the same visit
axe-core looks for what a person without eyes for colours, without a mouse or with a screen reader would miss, in the
light and in the dark theme, and the page is read on a phone.
"""

from pathlib import Path

import pytest

from benchmarks.pages import ADDRESSES, LAPTOP, LARGE, SEEN, WATCH, WATCHED, measured, settled, share

pytestmark = pytest.mark.browser
WIDTH = 0.85  # of a large window, filled by panels
PLOTTED = 0.6  # of a chart's width, by its axes' boxes: three squares with their numbers have more
STEADY = 2  # pixels: rounding, and no line of text
WATCHED_MS = 1_200  # of a run after a click
# Of charts that are their page's picture: how much of the width lies within axes.
WITHIN_AXES = """() => [...document.querySelectorAll('[class*="st-key-page-alone"] .js-plotly-plot')].map((chart) => {
  const axes = Object.entries(chart._fullLayout).filter(([name]) => /^xaxis\\d*$/.test(name)).map(([, axis]) => axis);
  return axes.reduce((sum, axis) => sum + axis._length, 0) / chart.clientWidth;
})"""
PHONE = {"width": 390, "height": 844}
OVERFLOW = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return main.scrollWidth - main.clientWidth;
}"""
# Titles of a chart's panels that lie on each other.
COLLIDING = """() => [...document.querySelectorAll(".js-plotly-plot")].flatMap((chart) => {
  const titles = [...chart.querySelectorAll(".annotation-text")]
    .map((one) => ({ words: one.textContent, box: one.getBoundingClientRect() })).filter(({ box }) => box.width);
  return titles.slice(1).flatMap(({ words, box }, i) => {
    const { left, right, bottom } = titles[i].box;
    return box.left < right && left < box.right && box.top < bottom ? [`"${titles[i].words}" and "${words}"`] : [];
  });
})"""
# Plotly's drawings have thousands of parts that axe-core cannot judge; the cells of Streamlit's tables have the same
# ids in each table, which WCAG 2.2 no longer forbids; a control that is switched off may be pale (1.4.3).
AXE = """async (runOnly) => {
  const found = await axe.run({ exclude: [[".js-plotly-plot"], ["label[disabled]"]] }, {
    resultTypes: ["violations"],
    runOnly,
    rules: { "duplicate-id": { enabled: false }, "duplicate-id-active": { enabled: false } },
  });
  return found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) =>
    `${id} of ${nodes.length}: ${nodes[0].html.slice(0, 120)} ${(nodes[0].any[0] ?? nodes[0].all[0] ?? {}).message}`);
}"""
# A chart's words and ground: how far the palest is from what lies behind it, and whether that is the page.  A canvas
# mixes colours as the window does, however they are written.
PALE = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const mixed = (...colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const light = (rgb) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
  const wrong = new Set();
  for (const chart of document.querySelectorAll(".js-plotly-plot")) {
    const ground = getComputedStyle(chart.querySelector(".main-svg")).backgroundColor;
    const behind = mixed(page, ground);
    if (String(behind) !== String(mixed(page))) wrong.add(`a chart lies on ${ground}, the page is ${page}`);
    for (const text of chart.querySelectorAll(".infolayer text, [class*=axislayer] text")) {
      const colour = getComputedStyle(text).fill;
      const [low, high] = [light(mixed(page, ground, colour)), light(behind)].sort((a, b) => a - b);
      const contrast = (high + 0.05) / (low + 0.05);
      const words = `"${text.textContent}" is ${colour} on ${page}, a contrast of ${contrast.toFixed(1)}`;
      if (text.textContent && contrast < 4.5) wrong.add(words);
    }
  }
  return [...wrong].slice(0, 3);
}"""
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
OF_COLOURS = ["color-contrast"]  # of these rules the one that another theme may break
# What is drawn has a name with numbers for who does not see it, and lies in what Tab can reach.
UNNAMED = f"""() => {{
  {SEEN}
  const lowest = (one) => one.nextElementSibling?.matches("canvas"); // the axes below moving points
  const drawn = seen("canvas, .js-plotly-plot").filter((one) => one.matches(".js-plotly-plot")
    || !(one.closest(".js-plotly-plot, .stDataFrame") || lowest(one)));
  const name = (one) => one.getAttribute("aria-label") ?? "";
  return drawn.filter((one) => !/\\d/.test(name(one)) || !one.closest('[tabindex="0"]'))
    .map((one) => `${{one.className || one.tagName}} "${{name(one)}}"`);
}}"""
# Whether the element with the focus, or what it lies in, looks different without it.
FOCUSED = """() => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!one || one === document.body) return null;
  const around = [one];
  while (around.length < 6 && around.at(-1).parentElement) around.push(around.at(-1).parentElement);
  around.push(...one.children);
  const look = () => JSON.stringify(around.map((each) => {
    const { outline, boxShadow, borderColor, backgroundColor, color, textDecoration } = getComputedStyle(each);
    return [outline, boxShadow, borderColor, backgroundColor, color, textDecoration];
  }));
  const before = look();
  one.blur();
  const visible = look() !== before;
  one.focus({ focusVisible: true, preventScroll: true });
  const first = !one.tourReached;
  one.tourReached = true;
  const words = `${one.tagName} ${one.getAttribute("aria-label") ?? one.textContent.slice(0, 30)}`;
  return { visible, first, words };
}"""
UNREACHED = f"""() => {{
  {SEEN}
  return seen(".player, .board, .js-plotly-plot").filter((one) => !one.tourReached)
    .map((one) => one.className + " " + one.getAttribute("aria-label"));
}}"""
BACK = """() => {
  document.activeElement?.blur();
  document.querySelector('[data-testid="stMain"]').scrollTo(0, 0);
}"""
STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"
MOST_TABS = 250  # a table takes one for each of its cells
# Pages that show words or have nothing to show at the first visit, and why.
WITHOUT_PICTURE = {"claims": "a list of claims, each with its page"}
WITHOUT_VERDICT = {"claims": "each line has its own"}
# Some of those that must have a play bar: their picture alone is not enough.
PLAYED = {"mixing", "diffusion", "generate"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_one_screen(app, window, address):
    window.set_viewport_size(LAPTOP)
    window.emulate_media(color_scheme="light")
    window.goto(f"{app}/{address}")
    settled(window)
    wrong = out_of_sight(measured(window), address)
    wrong += findings(window, "light", LEVELS)
    wrong += not_for_the_keyboard(window)
    window.set_viewport_size(LARGE)
    window.emulate_media(color_scheme="dark")
    if address not in WITHOUT_PICTURE and (filled := filled_width(window)) < WIDTH:
        wrong.append(f"the panels fill {filled:.0%} of the width")
    if (part := within_axes(window)) < PLOTTED:
        wrong.append(f"axes span {part:.0%} of a chart")
    wrong += findings(window, "dark", OF_COLOURS)
    window.set_viewport_size(PHONE)
    for _ in range(20):  # tables take their new width a little later than the rest
        window.wait_for_timeout(100)
        if window.evaluate(OVERFLOW) <= STEADY and not window.evaluate(COLLIDING):
            break
    wrong += [f"on a phone {titles} lie on each other" for titles in window.evaluate(COLLIDING)]
    if (over := window.evaluate(OVERFLOW)) > STEADY:
        wrong.append(f"on a phone the page is {over:.0f} pixels too wide")
    window.set_viewport_size(LAPTOP)
    window.wait_for_timeout(300)
    if (moved := moved_by_the_first_button(window)) > STEADY:
        wrong.append(f"something moves by {moved:.0f} pixels")
    assert not wrong, f"{address}: {'; '.join(wrong)}"


def test_the_start_page_has_no_serious_finding(app, window):
    window.set_viewport_size(LAPTOP)
    window.goto(app)
    settled(window)
    for scheme in ("light", "dark"):
        window.emulate_media(color_scheme=scheme)
        window.wait_for_timeout(300)
        assert not findings(window, scheme, LEVELS)


def not_for_the_keyboard(window) -> list[str]:
    """What Tab does not reach, what does not show that it has the focus, and what is drawn without words."""
    for _ in range(10):  # charts are looked for twice a second
        if not (unnamed := window.evaluate(UNNAMED)):
            break
        window.wait_for_timeout(100)
    wrong = [f"no name with numbers, or out of Tab's reach: {what}" for what in unnamed]
    window.add_style_tag(content=STILL)  # what fades would look the same for a while
    for _ in range(MOST_TABS):
        window.keyboard.press("Tab")
        found = window.evaluate(FOCUSED)
        if found is None:
            break
        if found["first"] and not found["visible"]:
            wrong.append(f"no focus is seen on {found['words']}")
    wrong += [f"Tab does not reach {what}" for what in window.evaluate(UNREACHED)]
    window.evaluate(BACK)
    return wrong


def within_axes(window) -> float:
    """The least share of a chart's width that its axes span, once charts have taken the new size; 1 without a chart."""
    for _ in range(20):
        if (least := min(window.evaluate(WITHIN_AXES), default=1.0)) >= PLOTTED:
            break
        window.wait_for_timeout(100)
    return least


def filled_width(window) -> float:
    """The share of the window's width that panels fill, once charts have taken the new size (Plotly is the last)."""
    for _ in range(20):
        window.wait_for_timeout(100)
        if (filled := share(measured(window))) >= WIDTH:
            break
    return filled


def findings(window, scheme: str, rules: list[str]) -> list[str]:
    """What is pale in a chart, and, by axe-core if it is there, serious or critical by these rules of WCAG 2.1."""
    pale = [f"{scheme}: {what}" for what in window.evaluate(PALE)]
    try:
        import axe_core_python
    except ImportError:
        return pale
    if not window.evaluate("Boolean(window.axe)"):
        window.evaluate((Path(axe_core_python.__file__).parent / "axe.min.js").read_text())
    return pale + [f"{scheme}: {what}" for what in window.evaluate(AXE, rules)]


def out_of_sight(found, address) -> list[str]:
    """What cannot be seen of a page at 1280 x 800 without scrolling."""
    first = (found["pictures"] or [None])[0]
    played = found["bar"] if address in PLAYED else found["bar"] or first
    parts = {"control": found["control"], "picture and its bar": played}
    parts |= {"verdict": found["verdict"]}
    if address in WITHOUT_PICTURE:
        del parts["picture and its bar"]
    if address in WITHOUT_VERDICT:
        del parts["verdict"]
    wrong = ["the claim is cut"] if cut(found["claim"], found["head"]) else []
    for name, box in parts.items():
        if box is None:
            wrong.append(f"there is no {name}")
        elif box["bottom"] > LAPTOP["height"]:
            wrong.append(f"the {name} ends at {box['bottom']:.0f}")
    return wrong + (["the verdict is cut"] if cut(found["sentence"], found["verdict"]) else [])


def cut(words, place) -> bool:
    """Whether words are higher than the place that is kept for them."""
    return bool(words) and (
        words["top"] < place["top"] - STEADY or words["bottom"] > place["bottom"] + STEADY
    )


def moved_by_the_first_button(window) -> float:
    """The button sets the page's controls, which runs the page; a long run is watched as it begins."""
    button = window.locator(".st-key-page-tries button").first
    if not button.count():
        return 0.0
    window.evaluate(WATCH)
    button.click()
    window.wait_for_timeout(WATCHED_MS)
    return window.evaluate(WATCHED)
