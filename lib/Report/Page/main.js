// Puts the page together.

/** The groups with a label that tells equal names apart, and what the parts need of them. */
function prepareGroups(report) {
  const seen = {}, measured = {};
  for (const group of (report.measured && report.measured.profile && report.measured.profile.groups) || [])
    measured[group.name] = group.median_s;
  const most = (key) => Math.max(...report.groups.map((group) => group[key] || 0));
  const most_seconds = most("seconds_share"), most_joules = most("joules_share");
  return report.groups.map((group, i) => {
    seen[group.name] = (seen[group.name] || 0) + 1;
    const levels = levelsOf(report, group.bytes);
    return {
      ...group, index: i + 1, most_seconds, most_joules, label: seen[group.name] > 1 ? `${group.name} (${seen[group.name]})` : group.name,
      memory_bytes: levels.length ? group.bytes[levels[levels.length - 1]] : null,
      measured_seconds: group.name in measured ? measured[group.name] : null,
    };
  });
}

function main() {
  const page = document.getElementById("page");
  const report = JSON.parse(document.getElementById("rac-report").textContent);
  document.title = `${report.model}: what it costs to run`;
  const groups = prepareGroups(report);
  const sections = [
    carbonSection(report), costSection(report, groups), kernelSection(report), measuredSection(report), planSection(report), typesSection(report),
    memorySection(report), rooflineSection(report, groups), unknownSection(report), glossary(),
  ].filter(Boolean);
  page.append(
    header(report),
    el("nav", { "aria-label": "Sections" }, sections.map((part) => el("a", { href: `#${part.id}` }, part.dataset.title))),
    cards(report), ...words(report, groups), ...sections);
  return Promise.all(pending.map((draw) => draw()));
}

Promise.resolve().then(main).catch((error) => {
  document.getElementById("page").prepend(el("p", { class: "problem", role: "alert" }, `This report can't be drawn: ${error.message}`));
});
