// The table of groups.

const LEVELS = (report) => (report.roofline ? report.roofline.levels.map((level) => level.level) : []);

/** Memory levels of an object by level, nearest first, then any that the device doesn't name. */
function levelsOf(report, object) {
  const order = LEVELS(report);
  return Object.keys(object).sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

function numbersText(numbers) {
  return numbers.length ? numbers.join(" × ") : null;
}

/** What a group does, with its tiles and what else could have been. */
function groupDetail(report, group) {
  const rows = [
    ["operations", group.ops.map((op) => op.replace(/^rac\./, "")).join(", ")],
    ["who computes it", group.kind === "library" ? "a kernel library (oneDNN)" : group.kind === "generated" ? "code that rac generates" : group.kind],
    ["precision", group.precision],
    ["threads", group.threads ? count(group.threads) : "all that the run has"],
    ["tiles of the result", numbersText(group.tiles)],
    ["blocks of the reduction", numbersText(group.reduction || [])],
    ["order of loops over tiles", group.order && group.order.length ? group.order.join(", ") : null],
    ["registers", group.registers && group.registers.length
      ? `${group.registers[0]} rows of ${group.registers[1]} ${group.warps ? "columns, of each warp" : "vectors"}` : null],
    ["warps of a block", group.warps ? count(group.warps) : null],
    ["stages of shared memory", group.stages ? count(group.stages) : null],
    ["parts of each sum", group.split ? count(group.split) : null],
    ["parts are added up", group.in_launch ? "by the last block that ends" : null],
    ["blocks that share operands", group.cluster && group.cluster.length
      ? `${group.cluster[0]} along rows, ${group.cluster[1]} along columns` : null],
    ["work", known(group.flops) ? `${flops(group.flops)}, ${si(group.flops_per_s, "FLOP/s")}` : null],
    ["bytes by memory level", levelsOf(report, group.bytes).map((level) => `${level} ${bytes(group.bytes[level])}`).join(", ")],
    ["operational intensity", known(group.flops_per_byte) ? `${digits(group.flops_per_byte)} FLOP per byte of main memory` : null],
    ["time is made of", timeParts(report, group.breakdown)],
    ["energy is made of", energyParts(report, group.breakdown)],
    ["numbers that matter most", mattering(report, group)],
    ["energy is", group.joules_origin && `${group.joules_origin}: ${ORIGINS[group.joules_origin] || ""}`],
  ].filter(([, value]) => value);
  return el("div", {},
    el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    alternatives(group));
}

/** Times that overlap: the longest of them, more or less, is the group's. */
function timeParts(report, breakdown) {
  if (!breakdown) return null;
  const parts = [["computing", breakdown.compute_s],
    ...levelsOf(report, breakdown.transfer_s).map((level) => [`${level}`, breakdown.transfer_s[level]])];
  return `${parts.map(([name, value]) => `${name} ${seconds(value)}`).join(", ")}, which overlap; `
    + `calls and threads ${seconds(breakdown.overhead_s)}`;
}

function energyParts(report, breakdown) {
  if (!breakdown || !known(breakdown.ops_j)) return null;
  return [["operations", breakdown.ops_j],
    ...levelsOf(report, breakdown.bytes_j).map((level) => [level, breakdown.bytes_j[level]]),
    ["static power", breakdown.static_j]].map(([name, value]) => `${name} ${joules(value)}`).join(", ");
}

/** The numbers of the device whose uncertainty makes most of the group's. */
function mattering(report, group) {
  if (!group.breakdown || !report.coefficients) return null;
  const numbers = new Map(report.coefficients.map((number) => [number.name, number]));
  const spread = (use) => use.seconds_range[1] - use.seconds_range[0];
  const MOST = 4;
  return group.breakdown.coefficients.filter((use) => spread(use) > 0).sort((a, b) => spread(b) - spread(a)).slice(0, MOST)
    .map((use) => {
      const number = numbers.get(use.name);
      return `${use.name} ${digits(number.v)} (${number.stood_in ? "stood in for" : number.how}): ${range(use.seconds_range, seconds)}`;
    }).join("; ");
}

/** What else was considered, and what it would have cost. */
function alternatives(group) {
  if (!group.alternatives.length) return null;
  return el("div", {},
    el("p", { class: "note" }, "Considered, too:"),
    el("ul", {}, group.alternatives.map((other) => el("li", {}, alternativeText(other)))));
}

function alternativeText(other) {
  const parts = [
    other.form, other.kind, other.threads ? plural(other.threads, "thread") : null,
    other.tiles && other.tiles.length ? `tiles ${numbersText(other.tiles)}` : null,
    known(other.seconds) ? seconds(other.seconds) + (range(other.seconds_range, seconds) && ` (${range(other.seconds_range, seconds)})`) : null,
    known(other.joules) ? joules(other.joules) : null,
    other.reason, other.undecided ? "undecided: within the uncertainty of the numbers it may be the better one" : null,
  ];
  return parts.filter(Boolean).join(", ");
}

const COLUMNS = [
  { name: "#", key: (g) => g.index, cell: (g) => el("td", { class: "num" }, String(g.index)) },
  { name: "group", key: (g) => g.label, text: true },
  { name: "by", key: (g) => g.kind || "", text: true, cell: (g) => el("td", { class: g.kind }, g.kind || "unplanned") },
  { name: "time", key: (g) => g.seconds, cell: (g) => number(g.seconds, g.seconds_range, seconds) },
  { name: "of time", key: (g) => g.seconds_share, cell: (g) => shareCell(g.seconds_share, g.most_seconds, g.kind) },
  { name: "energy", key: (g) => g.joules, cell: (g) => number(g.joules, g.joules_range, joules) },
  { name: "of energy", key: (g) => g.joules_share, cell: (g) => shareCell(g.joules_share, g.most_joules, g.kind) },
  { name: "work", key: (g) => g.flops, cell: (g) => number(g.flops, null, flops) },
  { name: "main memory", key: (g) => g.memory_bytes, cell: (g) => number(g.memory_bytes, null, bytes) },
];

/** The bar's length is relative to the largest share. */
function shareCell(part, most, kind) {
  const bar = known(part) ? el("span", { class: `bar ${kind}`, style: `width: ${((3 * part) / (most || 1)).toFixed(3)}em` }) : null;
  return el("td", { class: "num" }, bar, share(part));
}

/** A table whose columns sort, and whose rows open. */
function groupTable(report, groups) {
  const columns = COLUMNS.filter((column) => groups.some((g) => column.text || known(column.key(g))));
  if (groups.some((g) => known(g.measured_seconds)))
    columns.splice(5, 0, { name: "measured", key: (g) => g.measured_seconds, cell: (g) => number(g.measured_seconds, null, seconds) });
  const body = el("tbody", {});
  const opened = new Set();
  const row = (group) => {
    const opener = el("button", { class: "opener", "aria-expanded": String(opened.has(group)) }, group.label);
    const cells = columns.map((column) => (column.name === "group" ? el("th", { scope: "row" }, opener) : column.cell(group)));
    const rows = [el("tr", {}, cells)];
    if (opened.has(group)) rows.push(el("tr", { class: "detail" }, el("td", { colspan: columns.length }, groupDetail(report, group))));
    opener.addEventListener("click", () => {
      if (!opened.delete(group)) opened.add(group);
      draw();
      body.querySelectorAll(".opener")[sorted.indexOf(group)].focus();
    });
    return rows;
  };
  let sorted = groups;
  const FIRST = 15;
  let all = sorted.length <= FIRST + 5;
  const more = el("button", { class: "opener screen", type: "button" }, `Show all ${count(groups.length)} groups`);
  const draw = () => {
    body.replaceChildren(...(all ? sorted : sorted.slice(0, FIRST)).flatMap(row));
    more.hidden = all;
  };
  const showAll = () => {
    all = true;
    draw();
  };
  more.addEventListener("click", showAll);
  window.addEventListener("beforeprint", showAll);
  const heads = columns.map((column, i) => {
    const button = el("button", { type: "button" }, column.name);
    const head = el("th", { scope: "col", class: !column.text && "num", "aria-sort": "none" }, button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "none" ? !column.text && i > 0 : head.getAttribute("aria-sort") === "ascending";
      sort(column, head, down);
    });
    return head;
  });
  const sort = (column, head, down) => {
    for (const other of heads) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const compare = (a, b) => (column.text ? a.localeCompare(b, "en") : (known(a) ? a : -1) - (known(b) ? b : -1));
    sorted = [...groups].sort((a, b) => (down ? -1 : 1) * compare(column.key(a), column.key(b)) || a.index - b.index);
    draw();
  };
  const time = columns.findIndex((column) => column.name === "time");
  if (time >= 0) sort(columns[time], heads[time], true);
  else draw();
  return el("div", { class: "wide" },
    el("table", { id: "groups-table" },
      el("caption", {}, "A heading sorts the table; a group's name opens what is known of it, and why it was planned so."),
      el("thead", {}, el("tr", {}, heads)), body), more);
}
