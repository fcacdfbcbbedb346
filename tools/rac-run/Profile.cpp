//===- Profile.cpp - The time of each group -------------------------------===//

#include "Profile.h"

#include <algorithm>
#include <cstdio>

void Profile::start(Model &model) {
  for (const Json &entry : model.description["groups"].items) {
    const Json &seconds = entry["seconds"];
    groups.push_back({entry["name"].string,
                      entry["kind"].string,
                      seconds.kind == Json::Number ? seconds.number : -1,
                      {},
                      {}});
  }
  model.profile();
}

void Profile::addRun(Model &model) {
  std::vector<RacGroupTime> times = model.profile();
  auto add = [](Group &group, const RacGroupTime &time) {
    group.seconds.push_back(time.seconds);
    group.calls.push_back(double(time.calls));
  };
  for (size_t i = 0; i < groups.size(); ++i)
    add(groups[i], times[i]);
  add(rest, times.back());
}

void Profile::print() const {
  std::vector<const Group *> order;
  double sum = percentile(rest.seconds, .5);
  for (const Group &group : groups) {
    order.push_back(&group);
    sum += percentile(group.seconds, .5);
  }
  std::stable_sort(
      order.begin(), order.end(), [](const Group *a, const Group *b) {
        return percentile(a->seconds, .5) > percentile(b->seconds, .5);
      });
  printf("profile  %zu groups; medians of the runs, the longest first\n",
         groups.size());
  printf("         %11s  %6s  %5s  %11s  %s\n", "measured", "share", "calls",
         "predicted", "group");
  auto line = [&](const Group &group, const std::string &name) {
    double seconds = percentile(group.seconds, .5);
    double calls = percentile(group.calls, .5);
    printf("         %11s  %4.1f %%  %5.0f  %11s  %s\n",
           milliseconds(seconds).c_str(), sum > 0 ? 100 * seconds / sum : 0,
           calls,
           group.predicted < 0 ? ""
                               : milliseconds(group.predicted * calls).c_str(),
           name.c_str());
  };
  for (const Group *group : order)
    line(*group, group->name + " (" + group->kind + ")");
  line(rest, "outside of groups");
}

static std::string timesJson(const std::vector<double> &seconds) {
  return text("\"median_s\": %.9f, \"min_s\": %.9f", percentile(seconds, .5),
              percentile(seconds, 0));
}

std::string Profile::json() const {
  std::string list;
  for (const Group &group : groups)
    list += text("%s{\"name\": %s, \"kind\": %s, \"calls\": %.0f, %s, "
                 "\"predicted_s\": %s}",
                 list.empty() ? "\n   " : ",\n   ",
                 jsonString(group.name).c_str(), jsonString(group.kind).c_str(),
                 percentile(group.calls, .5), timesJson(group.seconds).c_str(),
                 group.predicted < 0 ? "null"
                                     : text("%.9g", group.predicted).c_str());
  return "{\"groups\": [" + list + "],\n  \"rest\": {" +
         timesJson(rest.seconds) + "}}";
}
