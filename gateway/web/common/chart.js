// Curves over a day or some hours, painted by uPlot; what they say is written beside them by the room.

import { language } from "./language.js";
import { colour, painted } from "./theme.js";
import { html, useEffect, useRef } from "./ui.js";

// A quarter of what a page weighs, and nothing but curves needs it: it comes when the first of them is drawn.
// Where it does not come, because the page is being left or the network is away, the figures beside it stay.
const painter = () => import("../vendor/uplot.js").then((found) => found.default, () => null);

// lines: [{ title, colour (of tokens.css), dash?: [on, off], fill?: true, bars?: true }], data: [xs, ys, …] with
// null for what is not known yet; says: the same in words; x(value): how a place on the axis is written.
export function Chart({ lines, data, says, x, height = 220 }) {
  const box = useRef(null);
  const plot = useRef(null);
  const newest = useRef(data);
  newest.current = data;
  useEffect(() => {
    const element = box.current;
    const width = () => Math.max(200, element.clientWidth);
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: width(), height }));
    let gone = false;
    painter().then((uPlot) => {
      if (gone || !uPlot) return;
      plot.current = new uPlot(options(uPlot, lines, x, width(), height), newest.current, element);
      watch.observe(element);
    });
    return () => {
      gone = true;
      watch.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [painted.value, language.value, height, lines.map(({ title }) => title).join()]);
  useEffect(() => plot.current?.setData(data), [data]);
  return html`
    <figure class="chart">
      <div ref=${box} role="img" aria-label=${says}></div>
      <figcaption class="legend">
        ${lines.map((line) => html`<span key=${line.title} class=${`line-${line.colour}`}><svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true"><line x1="0" y1="4" x2="28" y2="4" stroke-dasharray=${(line.dash ?? []).join(" ")} /></svg>${line.title}</span>`)}
      </figcaption>
    </figure>
  `;
}

function options(uPlot, lines, x, width, height) {
  const ink = colour("soft");
  const grid = { stroke: colour("line"), width: 1 };
  const font = `13px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: ink, grid, ticks: grid, font };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_plot, _least, most) => [0, Math.max(4, Math.ceil((most ?? 0) * 1.1))] } },
    axes: [
      { ...axis, values: (_plot, places) => places.map(x), space: 60 },
      { ...axis, size: (_plot, figures) => Math.max(50, 14 + 8 * Math.max(0, ...(figures ?? []).map((figure) => figure.length))), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000], values: (_plot, figures) => figures.map((figure) => figure.toLocaleString(language.value)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.title,
        stroke: colour(line.colour),
        width: 2.5,
        dash: line.dash,
        fill: line.fill ? faint(colour(line.colour)) : undefined,
        points: { show: false },
        paths: line.bars ? uPlot.paths.bars({ size: [0.8, 60] }) : undefined,
      })),
    ],
  };
}

const faint = (rgb) => rgb.replace("rgb(", "rgba(").replace(")", ", .16)");
