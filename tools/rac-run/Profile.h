//===- Profile.h - The time of each group -----------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_PROFILE_H
#define RAC_TOOLS_RACRUN_PROFILE_H

#include "Model.h"

/// Times of a model's groups, run by run.
class Profile {
public:
  /// Forgets the runs before.
  void start(Model &model);
  void addRun(Model &model);
  /// A table, the longest first.
  void print() const;
  /// {"groups": […], "rest": {…}}, in the model's order.
  std::string json() const;

private:
  struct Group {
    std::string name, kind;
    double predicted = -1;              // s a run; negative: unknown
    std::vector<double> seconds, calls; // of each run
  };
  std::vector<Group> groups;
  Group rest;
};

#endif // RAC_TOOLS_RACRUN_PROFILE_H
