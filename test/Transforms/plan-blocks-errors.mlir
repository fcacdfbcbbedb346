// RUN: rac-opt %s --rac-plan-blocks -verify-diagnostics

// expected-error @below {{the module has no device; rac-attach-device gives it one}}
module {
  func.func @none() {
    return
  }
}
