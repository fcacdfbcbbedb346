// Making elements. Texts are always set as text: names come from models and may hold anything.

/** el("p", {class: "note"}, "text", child, …); null, false and empty children are left out. */
function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  for (const child of children.flat())
    if (child || child === 0) element.append(child);
  return element;
}

/** Where a number comes from, as a small tag that explains itself. */
function tag(origin) {
  return origin ? el("span", { class: `tag ${origin}`, title: ORIGINS[origin] || origin }, origin) : null;
}

/** A table cell of a number, with the interval below. */
function number(value, pair, format) {
  const interval = known(value) ? range(pair, format) : "";
  return el("td", { class: "num" }, format(value), interval && el("span", { class: "range" }, interval));
}

/** A table; headings of columns of numbers end in "#". */
function table(caption, head, rows) {
  const heading = (name) => el("th", { scope: "col", class: name.endsWith("#") && "num" }, name.replace(/#$/, ""));
  return el("div", { class: "wide" },
    el("table", {},
      caption && el("caption", {}, caption),
      el("thead", {}, el("tr", {}, head.map(heading))),
      el("tbody", {}, rows)));
}

const ORIGINS = {
  modelled: "predicted by the compiler's cost model; nothing was measured",
  tdp: "an upper bound: all the power that the device may take, times the time; nothing was measured",
  counter: "counted by the hardware, the difference of two readings",
  "integrated-power": "power that a sensor told, sampled and integrated over time",
  measured: "measured on such a device",
  datasheet: "from the maker's or another published document",
  derived: "computed from other numbers of the device",
  guess: "nobody has measured it: an informed guess",
};
