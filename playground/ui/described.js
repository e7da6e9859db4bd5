// Every Plotly chart of the page can be reached by Tab, and says what it shows: titles, axes, and of each named trace its
// two ends. Mounted once; Plotly keeps what it has drawn on the element itself, in plain numbers.

const MOST = 8; // traces that are read out

const plain = (text) => new DOMParser().parseFromString(`${text ?? ""}`, "text/html").body.textContent.trim();
const short = (value) => (typeof value === "number" ? Number(value.toPrecision(3)).toLocaleString("en") : plain(value));

function said(trace) {
  const [x, y] = [trace.x, trace.y].map((values) => Array.from(values ?? []));
  const name = plain(trace.name);
  if (trace.z?.length) {
    const all = Array.from(trace.z, (row) => Array.from(row)).flat().filter(Number.isFinite);
    const ends = all.length ? [Math.min(...all), Math.max(...all)].map(short).join(" to ") : "nothing";
    const bar = plain(trace.colorbar?.title?.text);
    return `map of ${trace.z.length} by ${trace.z[0].length}, ${bar} ${ends}`;
  }
  if (!x.length || !y.length) return "";
  if (trace.mode === "markers" && x.length > MOST) return `${name}: ${x.length} points`;
  const at = (i) => `${short(y[i])} at ${short(x[i])}`;
  return x.length === 1 ? `${name}: ${at(0)}` : `${name}: ${at(0)}, to ${at(x.length - 1)}`;
}

function describe(chart) {
  const { _fullData: traces, _fullLayout: layout } = chart;
  if (!traces || !layout) return;
  const titles = (layout.annotations ?? []).map(({ text }) => plain(text));
  const axes = ["xaxis", "yaxis"].map((name) => plain(layout[name]?.title?.text)).filter(Boolean);
  const shown = traces.filter((trace) => trace.visible === true && (trace.showlegend || trace.z || traces.length < 4));
  const numbers = shown.slice(0, MOST).map(said).filter(Boolean);
  const words = ["Chart", ...titles, axes.reverse().join(" over "), ...numbers].filter(Boolean).join("; ");
  Object.assign(chart, { tabIndex: 0, role: "img", ariaLabel: words });
}

export default function () {
  if (window.playgroundDescribes) return;
  window.playgroundDescribes = true;
  const known = new WeakSet();
  const look = () => {
    for (const chart of document.querySelectorAll(".js-plotly-plot")) {
      if (known.has(chart) || !chart._fullData) continue;
      known.add(chart);
      describe(chart);
      chart.on?.("plotly_afterplot", () => describe(chart));
    }
  };
  setInterval(look, 500); // an observer of the whole page would be called for each frame of a player
}
