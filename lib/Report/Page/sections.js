// The parts of the page. Each takes the report and gives an element, or null where there is nothing to tell.

function section(id, title, ...children) {
  return el("section", { id, "data-title": title }, el("h2", {}, title), children);
}

function card(what, value, ...more) {
  return el("li", { class: "card" }, el("div", { class: "what" }, what), el("div", { class: "value" }, value),
    el("div", { class: "more" }, more));
}

const coreName = (report) => (report.device_kind === "gpu" ? "multiprocessor" : "thread");

const isBound = (report) => report.totals.joules_origin === "tdp";

function header(report) {
  const flags = report.provenance && report.provenance.flags.length ? `, ${report.provenance.flags.join(" ")}` : "";
  return el("header", {},
    el("h1", {}, report.model),
    el("p", { class: "lead" },
      "What this model costs to run, as the compiler predicts it: time, energy, memory and carbon. ",
      `Planned for ${report.device_description || report.device || "an unknown device"}, ${plural(report.threads, coreName(report))}, `,
      `to make ${report.objective} small`, budgetsText(report), ".",
      report.provenance ? ` Compiled by ${report.provenance.compiler} for ${report.target}${flags}.` : ""));
}

function budgetsText(report) {
  const { latency, memory, error } = report.budgets;
  const parts = [
    known(latency) && `at most ${seconds(latency)} a run`, known(memory) && `at most ${bytes(memory)} of memory`,
    known(error) && `an output error of at most ${digits(error)}`,
  ].filter(Boolean);
  return parts.length ? ` with ${parts.join(", ")}` : "";
}

function cards(report) {
  const { totals, carbon, memory } = report;
  const year = carbon && carbon.per_year;
  const peak = known(totals.peak_bytes) ? totals.peak_bytes : memory && memory.arena_bytes;
  const assumed = !known(totals.peak_bytes) && memory && memory.assumes_sizes;
  return el("ul", { class: "cards" },
    card("Time of a run", seconds(totals.seconds), range(totals.seconds_range, seconds), " ", tag(known(totals.seconds) ? "modelled" : null)),
    card("Energy of a run", (isBound(report) ? "≤ " : "") + joules(totals.joules),
      isBound(report) ? "an upper bound" : range(totals.joules_range, joules), " ", tag(totals.joules_origin)),
    card("CO₂e of a run", grams(totals.gco2e), range(totals.gco2e_range, grams), " ", carbon && carbon.site ? carbon.site.description : ""),
    year && card(`A year at ${count(carbon.runs_per_day)} runs a day`, grams(year.total_g), `CO₂e, from ${kWh(year.kwh)} of electricity`),
    card("Memory", bytes(known(peak) ? peak + totals.weights_bytes : null),
      `weights ${bytes(totals.weights_bytes)}, working memory ${bytes(peak)}`, assumed ? " at the sizes that were assumed" : ""));
}

/** What the numbers say, for who doesn't read tables. */
function words(report, groups) {
  const { totals, carbon } = report;
  const paragraphs = [];
  if (known(totals.seconds)) {
    const bySize = [...groups].sort((a, b) => b.seconds - a.seconds);
    let sum = 0, most = 0;
    while (most < bySize.length && sum < 0.8 * totals.seconds) sum += bySize[most++].seconds;
    const library = groups.filter((g) => g.kind === "library").length;
    paragraphs.push(
      `The model runs as ${plural(groups.length, "group")} of operations, one after the other; ${count(library)} ${library === 1 ? "is" : "are"} computed by a kernel library, ` +
      `the rest by code made for this model. ${most === 1 ? "One of them takes" : `${count(most)} of them take`} 80% of the time: ` +
      `that is where any effort to make it cheaper should go. The largest is ${bySize[0].label}, with ${share(bySize[0].seconds_share)}.`);
  }
  if (isBound(report))
    paragraphs.push(
      "The energy, and the carbon that follows from it, is an upper bound: nobody has measured what this device spends on an operation or a byte, so each " +
      "core at work is taken to draw its full share of the power that the device is designed for. The true energy is lower. " +
      "rac-calibrate, run on a machine with an energy meter, replaces the bound.");
  else if (known(totals.joules))
    paragraphs.push(
      "The energy is predicted from what the device spends on each operation and on each byte that it moves, and on being switched on meanwhile.");
  if (carbon && carbon.site && !carbon.site.given)
    paragraphs.push(
      `Where the model will run wasn't said, so its electricity is taken to be the ${carbon.site.description.toLowerCase()} (${digits(carbon.site.g_per_kwh.v)} g per kWh). ` +
      "Countries lie between about 40 and 700 g per kWh: --site says where.");
  if (carbon && !carbon.embodied_kg)
    paragraphs.push("What making the device emitted is not known, so the carbon here is that of electricity alone: the total is too low by the embodied share.");
  const sizes = Object.entries(report.assumed_sizes || {});
  if (sizes.length)
    paragraphs.push(
      `The model takes inputs of any size. The numbers here take each size that only the run knows as it was planned for (${sizes.map(([name, size]) => `${name} = ${size}`).join(", ")}): other sizes cost more or less. --size says what to plan for.`);
  return paragraphs.map((text) => el("p", {}, text));
}

/** What else was searched for, and whether it would have been another plan. */
function planSection(report) {
  const { search } = report;
  if (!search) return null;
  const others = search.best_for || [];
  const same = others.filter((other) => other.same_plan && other.objective !== report.objective).map((other) => other.objective);
  const NAMES = { latency: "time", energy: "energy", edp: "the product of both", carbon: "carbon" };
  const name = (objective) => NAMES[objective] || objective;
  return section("plan", "How it was planned",
    el("p", {}, `The plan was chosen among ${plural(search.candidates, "candidate")} to make ${name(report.objective)} small${budgetsText(report)}. `,
      search.exact ? "By the cost model there is no better one." : `By the cost model a better one could save ${share(search.gap)} at most.`,
      search.undecided_groups ? ` For ${plural(search.undecided_groups, "group")} what lost may be the better choice, within the uncertainty of the device's numbers.` : ""),
    others.length > 1 && el("p", {}, same.length ? `The best plan for ${same.map(name).join(" and for ")} is this same plan.` : "Other aims would have led to other plans."),
    others.length > 0 && table("The best plan for each aim", ["aim", "time of a run#", "energy of a run#", "activations at their peak#", ""], others.map((other) => el("tr", {},
      el("th", { scope: "row" }, name(other.objective)), el("td", { class: "num" }, seconds(other.seconds)), el("td", { class: "num" }, joules(other.joules)),
      el("td", { class: "num" }, bytes(other.activation_bytes)), el("td", {}, other.same_plan ? "this plan" : "another plan")))));
}

/** Which types groups compute in, the error that costs, what it saves, and why they have no other. */
function typesSection(report) {
  const { precision } = report;
  if (!precision) return null;
  const METRICS = { "rel-l2": "relative L2", cosine: "1 - cosine", "max-abs": "largest difference", top1: "share of changed winners" };
  const small = (value) => (known(value) ? value.toPrecision(2) : UNKNOWN);
  const { error, samples } = precision;
  const saved = (group, key, format) => {
    const of = (name) => (group.types.find((type) => type.precision === name) || {})[key];
    const [before, after] = [of("f32"), of(group.precision)];
    return el("td", { class: "num" }, known(before) && known(after) ? `${format(before - after)} of ${format(before)}` : UNKNOWN);
  };
  const rows = precision.groups.map((group) => {
    const own = group.types.find((type) => type.precision === group.precision) || {};
    const others = group.types.filter((type) => type.reason && type !== own).map((type) =>
      `${type.precision}${known(type.error) ? `, error ${small(type.error)}` : ""}: ${type.reason}`);
    return el("tr", {}, el("th", { scope: "row" }, group.name), el("td", {}, group.precision, group.steps && el("span", { class: "range" }, group.steps)),
      el("td", { class: "num" }, group.precision === "f32" ? "none" : small(own.error)), saved(group, "seconds", seconds), saved(group, "joules", joules),
      el("td", {}, others.join("; ")));
  });
  const times = precision.seconds > 0 && precision.in_f32.seconds > 0 && precision.in_f32.seconds / precision.seconds;
  return section("types", "Types of numbers",
    el("p", {}, `Each group computes in the type that pays most${known(precision.max_error) ? ` with an output error of at most ${digits(precision.max_error)}` : ""}, `,
      `by ${METRICS[precision.metric] || precision.metric}. `,
      known(error.held_back) ? `On ${plural(samples.held_back, "sample")} that nothing was chosen by it is ${small(error.held_back)}. ` : "",
      known(error.bound) ? `By how far samples lie apart, as many others stay below ${small(error.bound)} with a probability of 95%. ` : "",
      times ? `Predicted to be ${digits(times)} times as fast as in f32.` : "",
      samples.random ? " The samples were random numbers, which say little of real ones." : ""),
    precision.given_up.length > 0 && el("p", {}, `The first choice erred too much on those samples: ${precision.given_up.join("; ")}.`),
    table("Types of groups", ["group", "type", "error alone#", "time saved#", "energy saved#", "why no other"], rows));
}

function carbonSection(report) {
  const { carbon } = report;
  if (!carbon) return null;
  const DAYS = 365.25;
  const year = el("tr", {});
  const cells = (what, part) => [
    el("th", { scope: "row" }, what), number(part.joules, part.joules_range, joules), number(part.kwh, null, kWh),
    number(part.operational_g, part.operational_g_range, grams), number(part.embodied_g, part.embodied_g_range, (g) => (known(g) ? grams(g) : "left out")),
    number(part.total_g, part.total_g_range, grams),
  ];
  const scaled = (perDay) => Object.fromEntries(Object.entries(carbon.per_run).map(([key, value]) => {
    const factor = perDay * DAYS;
    return [key, Array.isArray(value) ? value.map((v) => v * factor) : known(value) ? value * factor : value];
  }));
  const input = el("input", { type: "number", min: "0", step: "any", value: String(carbon.runs_per_day), id: "runs-per-day" });
  const update = () => {
    const perDay = Math.max(0, Number(input.value) || 0);
    year.replaceChildren(...cells(`a year at ${count(perDay)} runs a day`, scaled(perDay)));
  };
  input.addEventListener("input", update);
  update();
  const given = carbon.runs_per_day_given ? "as was given" : "a round number that stands in for what wasn't said: --runs-per-day says it";
  return section("carbon", "Energy and carbon",
    el("p", {}, "By the Software Carbon Intensity specification (Green Software Foundation, ISO/IEC 21031). Operational carbon is energy × PUE × the intensity of the ",
      "electricity where the model runs. Embodied carbon is the run's share of making the device: of its emissions, the part of its lifetime and of its cores that the run holds."),
    el("p", { class: "screen" }, el("label", {}, "Runs a day: ", input), ` (${given})`),
    table(isBound(report) ? "Energy by TDP: at most so much." : null,
      ["", "energy#", "electricity#", "operational CO₂e#", "embodied CO₂e#", "CO₂e in all#"],
      [el("tr", {}, cells("one run", carbon.per_run)), el("tr", {}, cells("1,000 runs", carbon.per_thousand_runs)), year]),
    table("What it rests on", ["", "value#", "origin", "source"], factors(report)));
}

/** The numbers that carbon is computed from. */
function factors(report) {
  const { carbon } = report;
  const missing = (why) => ({ v: null, how: null, src: why });
  const rows = [
    ["carbon intensity of the electricity", carbon.site && carbon.site.g_per_kwh, (v) => `${digits(v)} g/kWh`, "nobody knows: no carbon is computed"],
    ["PUE: what the building takes for each joule of the machine", carbon.site && carbon.site.pue, digits, "unknown: 1 is taken, nothing for the building"],
    ["making the device", carbon.embodied_kg, (v) => `${digits(v)} kg CO₂e`, "unknown: embodied carbon is left out, and the total is too low by it"],
    ["lifetime of the device", carbon.lifetime_years, (v) => `${digits(v)} years`, "unknown: 4 years are taken, the default of SCI reports"],
    ["share of the device that a run holds", carbon.device_share, (v) => share(v), ""],
  ];
  return rows.map(([what, n, format, why]) => {
    const { v, how, src, unc } = n || missing(why);
    const least = what.startsWith("PUE") ? 1 : 0;
    return el("tr", {}, el("th", { scope: "row" }, what),
      el("td", { class: "num" }, known(v) ? format(v) : UNKNOWN, known(v) && unc ? el("span", { class: "range" }, range([Math.max(least, v / (1 + unc)), v * (1 + unc)], format)) : null),
      el("td", {}, tag(how)), el("td", { class: "text" }, src));
  });
}

function costSection(report, groups) {
  if (!groups.length) return null;
  const MOST = 20;
  const largest = groups.filter((g) => known(g.seconds_share)).sort((a, b) => b.seconds - a.seconds).slice(0, MOST);
  const rest = groups.length - largest.length;
  return section("groups", "Where time and energy go",
    largest.length > 0 && figure("The largest groups",
      `${rest > 0 ? `The ${MOST} groups that take most of ${count(groups.length)}` : "Each group"}: their shares of the time and of the energy of a run.`, costChart(largest)),
    traffic(report), groupTable(report, groups));
}

/** Bytes in all by memory level. */
function traffic(report) {
  const levels = levelsOf(report, report.totals.bytes);
  if (!levels.length) return null;
  return el("p", {}, `A run does ${flops(report.totals.flops)} of work and moves `,
    levels.map((level, i) => `${i ? ", " : ""}${bytes(report.totals.bytes[level])} to or from ${level}`).join(""), ".");
}

/** What the kernels of a GPU take, as its assembler tells. */
function kernelSection(report) {
  const kernels = report.kernels || [];
  if (!kernels.length) return null;
  const spilling = kernels.filter((kernel) => kernel.spill_bytes > 0).length;
  return section("kernels", "Kernels",
    el("p", {}, `${plural(kernels.length, "kernel")}, as ptxas assembled them for ${kernels[0].chip || "an unknown chip"}. `,
      spilling ? `${count(spilling)} of them ${spilling === 1 ? "spills" : "spill"}: more numbers than there are registers wait in memory. ` : "None spills. ",
      "Times are predicted, of the whole group where it has several kernels."),
    table(null, ["kernel", "group", "predicted#", "registers of a thread#", "spills of a thread#", "shared memory of a block#"], kernels.map((kernel) => el("tr", {},
      el("th", { scope: "row" }, kernel.name), el("td", {}, kernel.group || ""), number(kernel.predicted_group_seconds, null, seconds),
      number(kernel.registers, null, count), number(kernel.spill_bytes, null, bytes), number(kernel.shared_bytes, null, bytes)))));
}

function memorySection(report) {
  const { memory } = report;
  if (!memory || !memory.steps.length) return null;
  const assumed = memory.assumes_sizes ? " Sizes that only the run knows are as assumed." : "";
  const left = memory.buffers_left_out ? ` ${plural(memory.buffers_left_out, "buffer")} whose size depends on the inputs' data ${memory.buffers_left_out === 1 ? "is" : "are"} left out.` : "";
  return section("memory", "Memory over a run",
    el("p", {}, `Weights take ${bytes(memory.weights_bytes)} all the time. Everything in between lives in one arena of ${bytes(memory.arena_bytes)}, `,
      `in which buffers that are not needed at one time share their place.${assumed}${left}`),
    figure("In use at each step", "Above, how much of the arena is in use; the dashed line is its size. Below, the weights that the step reads.",
      memoryChart(memory, "live_bytes", "arena, MiB", BLUE, 160, memory.arena_bytes),
      memoryChart(memory, "weights_bytes", "weights, MiB", "#6e7781", 90)),
    memory.buffers.length > 0 && figure("Places in the arena", "Each box is a buffer: when it is in use, and where it lies.", arenaChart(memory)));
}

function rooflineSection(report, groups) {
  const { roofline } = report;
  if (!roofline) return null;
  const points = groups.filter((g) => g.flops_per_byte > 0 && g.flops_per_s > 0);
  const precisions = new Set(groups.map((g) => g.precision));
  const levels = roofline.levels.filter((level) => known(level.bytes_per_s))
    .map((level) => ({ label: `${level.level} ${si(level.bytes_per_s, "B/s")}`, rate: level.bytes_per_s }));
  const units = roofline.units.filter((unit) => known(unit.ops_per_s) && precisions.has(unit.precision)).map((unit) => {
    const top = unit.boost_ops_per_s || unit.ops_per_s;
    return { label: `${unit.unit} ${unit.precision} ${si(top, "FLOP/s")}${unit.boost_ops_per_s ? " at boost clock" : ""}`, top };
  });
  if (!points.length || !units.length) return null;
  const missing = roofline.levels.filter((level) => !known(level.bytes_per_s)).map((level) => level.level);
  const idle = groups.length - points.length;
  return section("roofline", "What the device would allow",
    figure("Roofline",
      "Each dot is a group, the larger the more time it takes. To the left the speed of memory is the limit (the slanted lines), to the right that of computing " +
      `(the level ones), for ${plural(roofline.threads, report.device_kind === "gpu" ? "multiprocessor" : "core")}. A dot well below both wastes what the device offers.`,
      rooflineChart(points, { units, levels })),
    el("p", { class: "note" },
      idle ? `${plural(idle, "group")} that only ${idle === 1 ? "moves" : "move"} data ${idle === 1 ? "has" : "have"} no place in it. ` : "",
      missing.length ? `The bandwidth of ${missing.join(", ")} is not known, so ${missing.length === 1 ? "it has" : "they have"} no line.` : ""),
    table("The ceilings", ["", "value#", "origin", "source"], [
      ...roofline.units.filter((unit) => precisions.has(unit.precision)).map((unit) => ceilingRow(`${unit.unit}, ${unit.precision}`, si(unit.ops_per_s, "FLOP/s"), unit)),
      ...roofline.levels.map((level) => ceilingRow(level.level, si(level.bytes_per_s, "B/s"), level)),
    ]));
}

function ceilingRow(name, value, { how, src }) {
  return el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "num" }, value), el("td", {}, tag(how)), el("td", { class: "text" }, src));
}

function measuredSection(report) {
  const { measured, totals } = report;
  if (!measured) return null;
  const rows = [];
  const row = (what, predicted, value, origin, more) => el("tr", {},
    el("th", { scope: "row" }, what), el("td", { class: "num" }, predicted), el("td", { class: "num" }, value), el("td", {}, tag(origin)), el("td", {}, more));
  const latency = measured.latency_s;
  if (latency)
    rows.push(row("time of a run (median)", seconds(totals.seconds), seconds(latency.median), "measured",
      `${plural(measured.runs, "run")}, ${seconds(latency.min)} to ${seconds(latency.max)}${known(totals.seconds) ? `; predicted ${errorText(totals.seconds, latency.median)}` : ""}`));
  const energy = measured.energy;
  if (energy && energy.measured)
    rows.push(
      row("energy of a run", joules(totals.joules), joules(energy.measured.joules_per_run), energy.measured.origin, `over ${seconds(energy.measured.window_s)}, other programs and idling included`),
      row("energy of a run above idle", "", joules(energy.measured.joules_per_run_above_idle), energy.measured.origin,
        `idle ${si(energy.measured.idle_watts, "W")} over ${seconds(energy.measured.idle_window_s)} before`));
  const domains = energy ? energy.domains : [];
  return section("measured", "Predicted and measured",
    table(null, ["", "predicted#", "measured#", "origin", "how"], rows),
    energy && !energy.measured && el("p", {}, `Energy was not measured: ${energy.problem}`),
    energy && energy.tried && !energy.measured && energy.tried.length > 0 && el("ul", { class: "note" }, energy.tried.map((t) => el("li", {}, `${t.meter}: ${t.message}`))),
    domains.length > 0 && table("Each meter's reading", ["domain", "energy of a run#", "power#", "origin", "window"], domains.map((d) => el("tr", {},
      el("th", { scope: "row" }, d.name), el("td", { class: "num" }, d.error ? "" : joules(d.joules_per_run)), el("td", { class: "num" }, d.error ? "" : si(d.watts, "W")),
      el("td", {}, tag(d.origin)), el("td", {}, d.error || `${seconds(d.window_s)}${d.too_short ? ", too short for this meter" : ""}${d.counted ? "" : ", not counted"}`)))));
}

/** "12% too high" */
function errorText(predicted, actual) {
  const error = predicted / actual - 1;
  return `${share(Math.abs(error))} too ${error < 0 ? "low" : "high"}`;
}

function unknownSection(report) {
  const coefficients = report.coefficients || [];
  const rows = report.unknowns.map((u) => el("tr", {},
    el("td", {}, el("code", {}, u.what)), el("td", {}, u.why), el("td", { class: "num" }, known(u.instead) ? digits(u.instead) : "nothing")));
  return section("unknown", "What is not known",
    rows.length
      ? table("Numbers that were wanted and are null in the device's or the site's file, and what stood in for them.", ["number", "taken instead", "value#"], rows)
      : el("p", {}, "Every number that the predictions needed was known."),
    coefficients.length > 0 && table("Numbers of the device that the predictions rest on", ["number", "value#", "origin", "uncertainty"], coefficients.map((c) => el("tr", {},
      el("td", {}, el("code", {}, c.name)), el("td", { class: "num" }, digits(c.v)), el("td", {}, tag(c.how)), el("td", {}, c.unc ? `factor ${digits(1 + c.unc)} either way` : "exact")))));
}

function glossary() {
  return section("origins", "What the tags mean",
    table(null, ["origin", "a number is"], Object.entries(ORIGINS).map(([name, meaning]) => el("tr", {}, el("td", {}, tag(name)), el("td", {}, meaning)))),
    el("p", { class: "note" }, "A pair of numbers below another is the least and the most that it may be, as far as the stated uncertainty of the numbers it rests on goes. ",
      "CO₂e: greenhouse gases by what carbon dioxide would warm as much. MiB: 1,048,576 bytes. FLOP: a floating-point operation, a multiply-add counting two."));
}
