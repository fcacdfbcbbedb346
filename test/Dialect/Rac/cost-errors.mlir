// RUN: rac-opt %s --split-input-file --verify-diagnostics
//
// Costs that no device could have.

// expected-error @+1 {{seconds must be positive and in their interval}}
module attributes {test.cost = #rac.cost<seconds = 1.0 in [2.0, 3.0]>} {}

// -----

// expected-error @+1 {{joules must be positive and in their interval}}
module attributes {test.cost = #rac.cost<seconds = 1.0, joules = -1.0>} {}

// -----

// expected-error @+1 {{a cost can't have negative flops}}
module attributes {test.cost = #rac.cost<seconds = 1.0, flops = -1.0>} {}

// -----

// expected-error @+1 {{a cost can't have negative bytes}}
module attributes {test.cost = #rac.cost<seconds = 1.0, bytes = [L1d = -1.0]>} {}

// -----

// expected-error @+1 {{a cost needs its seconds}}
module attributes {test.cost = #rac.cost<flops = 1.0>} {}

// -----

// expected-error @+1 {{a cost has no 'watts'}}
module attributes {test.cost = #rac.cost<seconds = 1.0, watts = 1.0>} {}
