//===- Error.cpp - How failures are passed on -----------------------------===//

#include "Context.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace rac::runtime {

// One message per thread, as with dlerror: whoever saw a call fail can ask why,
// whatever other threads do with the same context meanwhile.
static __thread const RacContext *errorContext;
static __thread char errorText[kMessageSize + 128];

__thread Worker *currentWorker;

int report(const RacContext *context, RacStatus status, const char *format,
           ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(errorText, sizeof(errorText), format, arguments);
  va_end(arguments);
  errorContext = context;
  return status;
}

void fail(RacContext *context, RacStatus status, const char *format, ...) {
  if (!context->failed.exchange(true)) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context->message, sizeof(context->message), format, arguments);
    va_end(arguments);
    context->status = status;
  }
  _longjmp(currentWorker ? currentWorker->failure : context->failure, 1);
}

} // namespace rac::runtime

using namespace rac::runtime;

extern "C" void rac_fail(RacContext *context, const char *message) {
  fail(context, RAC_FAILED, "%s", message ? message : "the model failed");
}

extern "C" const char *rac_model_last_error(const RacContext *context) {
  return !context || context == errorContext ? errorText : "";
}
