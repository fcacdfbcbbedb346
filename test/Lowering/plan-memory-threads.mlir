// RUN: rac-opt %s --rac-plan-memory | FileCheck %s --check-prefix=ONE
// RUN: rac-opt %s --rac-plan-memory=threads=2 | FileCheck %s --check-prefix=TWO

// Of the first buffer each of two threads has had a half. The second one's halves are the same
// threads' where it has its middle; for one thread it lies lowest.

// ONE-LABEL: func.func @main()
// ONE-SAME: rac.arena_bytes = 524288 : i64
// ONE-SAME: buffers = array<i64: 0, 0, 0, 524288, 1, 1, 0, 262144>
// TWO-LABEL: func.func @main()
// TWO-SAME: rac.arena_bytes = 524288 : i64
// TWO-SAME: buffers = array<i64: 0, 0, 0, 524288, 1, 1, 131072, 262144>
func.func @main() {
  %whole = memref.alloc() : memref<131072xf32>
  call @whole(%whole) : (memref<131072xf32>) -> ()
  %half = memref.alloc() : memref<65536xf32>
  call @half(%half) : (memref<65536xf32>) -> ()
  return
}
func.func private @whole(memref<131072xf32>)
func.func private @half(memref<65536xf32>)
