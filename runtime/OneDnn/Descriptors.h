//===- Descriptors.h - Parts of a problem's description ---------*- C++ -*-===//

#ifndef RAC_RUNTIME_ONEDNN_DESCRIPTORS_H
#define RAC_RUNTIME_ONEDNN_DESCRIPTORS_H

#include "Problem.h"

namespace rac::onednn {

/// dnnl_data_type_undef if oneDNN has no such type.
dnnl_data_type_t dataType(int32_t dtype);

/// Sets problem.error; gives false.
bool error(Problem &problem, const char *text);

bool describeView(const View &view, dnnl_memory_desc_t *result);

/// Finds problem.scales and what follows from them. `views` are in oneDNN's
/// terms.
void findScales(Problem &problem, const View *views);

/// Makes problem.attributes. `views` are in oneDNN's terms.
bool describePostOps(Problem &problem, const View *views);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_DESCRIPTORS_H
