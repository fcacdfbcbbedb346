// RUN: rac-opt %s --rac-plan-memory --split-input-file --verify-diagnostics

// expected-error@+1 {{has no entry function 'main'}}
module {
  func.func @other() {
    return
  }
}
