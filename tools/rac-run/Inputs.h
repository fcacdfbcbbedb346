//===- Inputs.h - What the model is run on ----------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_INPUTS_H
#define RAC_TOOLS_RACRUN_INPUTS_H

#include "Model.h"
#include "Options.h"

/// One array for each of the model's inputs. Dies if the options don't fit the
/// model.
std::vector<Array> makeInputs(const Model &model, const Options &options);

/// Over an array's memory.
DLTensor tensorOf(Array &array);

#endif // RAC_TOOLS_RACRUN_INPUTS_H
