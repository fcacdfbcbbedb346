// Numbers as people read them. Every function takes null for "unknown".

const UNKNOWN = "unknown";
const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"]];

function known(value) {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Three significant digits, thousands separated: 1230 → "1,230". */
function digits(value) {
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value))) + 1;
  const decimals = Math.max(0, Math.min(12, 3 - Math.max(size, size < 1 ? size : 1)));
  return value.toLocaleString("en-US", { minimumFractionDigits: 0, maximumFractionDigits: decimals });
}

/** 0.00123, "s" → "1.23 ms". */
function si(value, unit) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return `0 ${unit}`;
  const size = Math.abs(value);
  const [factor, prefix] = PREFIXES.find(([f]) => size >= f * 0.9995) || PREFIXES[PREFIXES.length - 1];
  return `${digits(value / factor)} ${prefix}${unit}`;
}

/** Grams of CO2e, tonnes from a million on. */
function grams(value) {
  if (!known(value)) return UNKNOWN;
  if (value >= 999.5e3) return `${digits(value / 1e6)} t`;
  return si(value, "g");
}

function bytes(value) {
  if (!known(value)) return UNKNOWN;
  for (const [factor, unit] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]])
    if (value >= factor) return `${digits(value / factor)} ${unit}`;
  return `${digits(value)} B`;
}

const seconds = (value) => si(value, "s");
const joules = (value) => si(value, "J");
const kWh = (value) => si(known(value) ? value * 1e3 : value, "Wh");
const flops = (value) => si(value, "FLOP");
const share = (value) => (known(value) ? `${value >= 0.0995 ? Math.round(100 * value) : digits(Math.round(1000 * value) / 10)}%` : UNKNOWN);
const count = (value) => (known(value) ? value.toLocaleString("en-US", { maximumFractionDigits: 0 }) : UNKNOWN);

/** "1.00 ms to 2.00 ms", or "" where the number is exact or unknown. */
function range(pair, format) {
  if (!pair || pair[0] === pair[1]) return "";
  return `${format(pair[0])} to ${format(pair[1])}`;
}

function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}
