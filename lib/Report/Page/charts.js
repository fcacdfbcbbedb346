// Charts, as Vega-Lite specifications.

const BLUE = "#1f5fa8", ORANGE = "#b35900", GREY = "#8c959f", PALE = "#c9d9ec";
const KIND = { domain: ["library", "generated"], range: [BLUE, ORANGE] };
const MIB = 2 ** 20;

/** A figure whose charts, one below the other, are drawn once it is on the page. */
function figure(title, caption, ...specs) {
  const element = el("figure", {}, el("h3", {}, title), el("figcaption", {}, caption));
  for (const spec of specs) {
    const chart = el("div", { class: "chart" });
    element.append(chart);
    pending.push(() => vegaEmbed(chart, { ...COMMON, description: title, ...spec }, { actions: false, renderer: "svg" }));
  }
  return element;
}

const COMMON = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  width: "container",
  autosize: { type: "fit-x", contains: "padding" },
  background: "white",
  config: {
    font: "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif",
    axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 500, gridColor: "#eaeef2", domainColor: GREY, tickColor: GREY },
    axisY: { minExtent: 55 },
    legend: { labelFontSize: 12, titleFontSize: 12, orient: "top", titleFontWeight: 500 },
    view: { stroke: null },
  },
};
const pending = [];

/** Time and energy of the groups that take most. */
function costChart(groups) {
  const rows = groups.flatMap((group) =>
    [["time", group.seconds_share, seconds(group.seconds)], ["energy", group.joules_share, joules(group.joules)]]
      .filter(([, part]) => known(part))
      .map(([what, part, text]) => ({ name: group.label, what, part, text, kind: group.kind })));
  return {
    data: { values: rows },
    height: { step: 11 },
    mark: { type: "bar", height: { band: 0.95 }, tooltip: true },
    encoding: {
      y: { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: 230 }, scale: { paddingInner: 0.35 } },
      yOffset: { field: "what", sort: ["time", "energy"] },
      x: { field: "part", type: "quantitative", title: "share of the run", axis: { format: ".1~%", tickCount: 6 } },
      color: { field: "what", title: null, scale: { domain: ["time", "energy"], range: [BLUE, "#e09f3e"] } },
      tooltip: [
        { field: "name", title: "group" }, { field: "what" }, { field: "text", title: "one run" },
        { field: "part", title: "share", format: ".1%" }, { field: "kind" },
      ],
    },
  };
}

/** What is in use at each step: of the arena, or of the weights. */
function memoryChart(memory, field, title, color, height, limit) {
  const values = memory.steps.map((step, i) => ({
    step: i, next: i + 1, name: step.name, amount: step[field] / MIB, text: bytes(step[field]),
  }));
  const y = { field: "amount", type: "quantitative", title };
  const layer = [{
    mark: { type: "rect", color, tooltip: true },
    encoding: {
      x: stepAxis(memory), x2: { field: "next" }, y, y2: { datum: 0 },
      tooltip: [{ field: "step" }, { field: "name", title: "group" }, { field: "text", title }],
    },
  }];
  if (limit)
    layer.push({ data: { values: [{ amount: limit / MIB }] }, mark: { type: "rule", strokeDash: [4, 3], color: "#57606a" }, encoding: { y } });
  return { data: { values }, height, layer };
}

function stepAxis(memory) {
  return {
    field: "step", type: "quantitative", title: "step of the run", scale: { nice: false, domain: [0, Math.max(1, memory.steps.length)] },
    axis: { tickMinStep: 1, tickCount: 10 },
  };
}

/** Where in the arena each buffer lies, and for how long. */
function arenaChart(memory) {
  const name = (step) => memory.steps[step].name;
  const values = memory.buffers.map((buffer) => ({
    step: buffer.first, end: buffer.last + 1, low: buffer.offset / MIB, high: (buffer.offset + buffer.bytes) / MIB,
    size: bytes(buffer.bytes), from: name(buffer.first), to: name(buffer.last),
  }));
  return {
    data: { values }, height: 240,
    mark: { type: "rect", color: PALE, stroke: BLUE, strokeWidth: 0.6, tooltip: true },
    encoding: {
      x: stepAxis(memory),
      x2: { field: "end" },
      y: { field: "low", type: "quantitative", title: "place in the arena, MiB", scale: { domain: [0, Math.max(memory.arena_bytes / MIB, 1e-6)], nice: false } },
      y2: { field: "high" },
      tooltip: [{ field: "size" }, { field: "from", title: "made by" }, { field: "to", title: "last used by" }],
    },
  };
}

/** Operational intensity against what is attained, under the device's ceilings. */
function rooflineChart(points, roofs) {
  const rate = (value) => si(value, "FLOP/s");
  const dots = points.map((group) => ({
    name: group.label, x: group.flops_per_byte, y: group.flops_per_s, kind: group.kind, part: group.seconds_share,
    rate: rate(group.flops_per_s), intensity: `${digits(group.flops_per_byte)} FLOP/B`,
  }));
  const low = Math.min(...dots.map((d) => d.x)) / 2, high = Math.max(...dots.map((d) => d.x)) * 2;
  const top = Math.max(...roofs.units.map((u) => u.top));
  const bottom = Math.min(...dots.map((d) => d.y), ...roofs.levels.map((level) => low * level.rate)) / 3;
  const lines = [], labels = [];
  for (const level of roofs.levels) {
    const ridge = top / level.rate;
    const end = Math.min(Math.max(ridge, low), high);
    lines.push({ line: level.label, x: low, y: low * level.rate }, { line: level.label, x: end, y: end * level.rate });
    labels.push({ x: low, y: low * level.rate, text: level.label, align: "left" });
  }
  for (const unit of roofs.units) {
    const fastest = Math.max(...roofs.levels.map((l) => l.rate), 0);
    const begin = fastest ? Math.max(low, Math.min(unit.top / fastest, high)) : low;
    lines.push({ line: unit.label, x: begin, y: unit.top }, { line: unit.label, x: high, y: unit.top });
    labels.push({ x: high, y: unit.top, text: unit.label, align: "right" });
  }
  const x = { field: "x", type: "quantitative", scale: { type: "log", domain: [low, high], nice: false }, title: "operational intensity, FLOP per byte of main memory", axis: { format: "~g", tickCount: 6 } };
  const y = { field: "y", type: "quantitative", scale: { type: "log", domain: [bottom, 3 * top], nice: false, clamp: true }, title: "FLOP/s", axis: { format: "~s", tickCount: 6 } };
  const text = (align, dx) => ({
    transform: [{ filter: `datum.align === '${align}'` }],
    mark: { type: "text", align, dx, dy: align === "left" ? 14 : -7, fontSize: 11, color: "#57606a" },
    encoding: { x, y, text: { field: "text" } },
  });
  return {
    height: 380,
    layer: [
      { data: { values: lines }, mark: { type: "line", color: "#57606a", strokeWidth: 1.3, clip: true }, encoding: { x, y, detail: { field: "line" } } },
      { data: { values: labels }, layer: [text("left", 12), text("right", -4)] },
      {
        data: { values: dots }, mark: { type: "circle", opacity: 0.65, tooltip: true, stroke: "white", strokeWidth: 0.5 },
        encoding: {
          x, y, size: { field: "part", type: "quantitative", legend: null, scale: { range: [30, 700], domainMin: 0 } },
          color: { field: "kind", title: null, scale: KIND },
          tooltip: [
            { field: "name", title: "group" }, { field: "kind" }, { field: "intensity" }, { field: "rate", title: "attained (predicted)" },
            { field: "part", title: "share of time", format: ".1%" },
          ],
        },
      },
    ],
  };
}
