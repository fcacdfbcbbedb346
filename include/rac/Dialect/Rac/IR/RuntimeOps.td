//===- RuntimeOps.td - Level 3: what calls the runtime ---------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_RUNTIME
#define RAC_DIALECT_RAC_IR_RUNTIME

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/ValueBoundsOpInterface.td"
include "mlir/Interfaces/ViewLikeInterface.td"
include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_Primitive : I32EnumAttr<"Primitive", "a library's kernel", [
    I32EnumAttrCase<"matmul", 0>, I32EnumAttrCase<"conv", 1>,
    I32EnumAttrCase<"conv_transpose", 2>]> {
  let cppNamespace = "::rac";
}

// The values are the runtime's (include/rac-c/Library.h).
def Rac_PostOpKind : I32EnumAttr<"PostOpKind", "what a library applies to its result", [
    I32EnumAttrCase<"relu", 0>, I32EnumAttrCase<"leaky_relu", 1>,
    I32EnumAttrCase<"elu", 2>, I32EnumAttrCase<"tanh", 3>,
    I32EnumAttrCase<"sigmoid", 4>, I32EnumAttrCase<"gelu", 5>,
    I32EnumAttrCase<"gelu_tanh", 6>, I32EnumAttrCase<"silu", 7>,
    I32EnumAttrCase<"hard_swish", 8>, I32EnumAttrCase<"hard_sigmoid", 9>,
    I32EnumAttrCase<"clip", 10>, I32EnumAttrCase<"linear", 11>,
    I32EnumAttrCase<"abs", 12>, I32EnumAttrCase<"sqrt", 13>,
    I32EnumAttrCase<"exp", 14>, I32EnumAttrCase<"softplus", 15>,
    I32EnumAttrCase<"round", 16>,
    I32EnumAttrCase<"add", 32>, I32EnumAttrCase<"mul", 33>,
    I32EnumAttrCase<"sub", 34>, I32EnumAttrCase<"div", 35>,
    I32EnumAttrCase<"max", 36>, I32EnumAttrCase<"min", 37>]> {
  let cppNamespace = "::rac";
}

def Rac_PostOpAttr : AttrDef<Rac_Dialect, "PostOp"> {
  let mnemonic = "post_op";
  let summary = "An elementwise operation that a library applies to its result in passing.";
  let description = [{
    `operand` is the position, among the call's inputs, of a binary operation's
    second operand; -1 for a unary one. alpha and beta are its parameters: slope
    and offset of `linear` and `hard_sigmoid`, bounds of `clip`.

    ```mlir
    #rac.post_op<kind = add, operand = 3>
    ```
  }];
  let parameters = (ins EnumParameter<Rac_PostOpKind>:$kind,
      DefaultValuedParameter<"int64_t", "-1">:$operand,
      DefaultValuedParameter<"::rac::Real", "::rac::Real(0)">:$alpha,
      DefaultValuedParameter<"::rac::Real", "::rac::Real(0)">:$beta);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Rac_Count : ConfinedAttr<I64Attr, [IntNonNegative]>;
def Rac_ShapedValue : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;

def Rac_LibraryCallOp : Rac_Op<"library_call", [DestinationStyleOpInterface,
    AttrSizedOperandSegments]> {
  let summary = "One call of a kernel library.";
  let description = [{
    Inputs are source, weights, bias if any, then the post-ops' operands. Source
    and result may have any strides; conv takes them channels-last. `packed` says
    that the weights operand holds bytes in the library's own layout, described by
    the library's blob in `packed`, standing for a tensor of type `weights_type`.
    `permutations` holds, for each input and then the result, how its dimensions
    are permuted before the library sees it (dimension i of what it sees is
    dimension permutation[i] of the operand); empty for as it is. `unsigned_operands` names
    inputs, and as the last the result, whose integers have no sign; `source_zero`
    is subtracted from each of the source's.

    ```mlir
    %y = rac.library_call matmul ins(%a, %b, %c : tensor<?x8xf32>, tensor<8x4xf32>, tensor<4xf32>) outs(%d : tensor<?x4xf32>) {has_bias, post_ops = [#rac.post_op<kind = relu>]} -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_Primitive:$primitive,
      Variadic<Rac_ShapedValue>:$inputs, Variadic<Rac_ShapedValue>:$inits,
      UnitAttr:$has_bias,
      TypedArrayAttrBase<Rac_PostOpAttr, "post-ops">:$post_ops,
      OptionalAttr<DenseI64ArrayAttr>:$strides,
      OptionalAttr<DenseI64ArrayAttr>:$dilations,
      OptionalAttr<DenseI64ArrayAttr>:$pads_low,
      OptionalAttr<DenseI64ArrayAttr>:$pads_high,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$groups,
      OptionalAttr<TypeAttr>:$weights_type,
      OptionalAttr<DenseI8ArrayAttr>:$packed,
      OptionalAttr<TypedArrayAttrBase<DenseI64ArrayAttr, "permutations">>:$permutations,
      DefaultValuedAttr<Rac_Count, "0">:$threads,
      OptionalAttr<DenseI64ArrayAttr>:$unsigned_operands,
      DefaultValuedAttr<I64Attr, "0">:$source_zero);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $primitive `ins` `(` $inputs `:` type($inputs) `)`
      `outs` `(` $inits `:` type($inits) `)` attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::rac::Primitive":$primitive,
      "::mlir::ValueRange":$inputs, "::mlir::Value":$init, "bool":$hasBias,
      "::llvm::ArrayRef<::mlir::Attribute>":$postOps), [{
    ::llvm::SmallVector<::mlir::Type, 1> results;
    if (::mlir::isa<::mlir::TensorType>(init.getType()))
      results.push_back(init.getType());
    build($_builder, $_state, results, primitive, inputs, init, hasBias,
          $_builder.getArrayAttr(postOps), {}, {}, {}, {}, /*groups=*/1, {}, {},
          {}, /*threads=*/0, {}, /*source_zero=*/0);
  }]>];
  let extraClassDeclaration = [{
    /// Whether operand `number`, the result being the last, has no signs.
    bool isUnsigned(int64_t number) {
      return getUnsignedOperands() &&
             ::llvm::is_contained(*getUnsignedOperands(), number);
    }
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    ::llvm::LogicalResult verifyPermutations();
    void getEffects(::llvm::SmallVectorImpl<::mlir::SideEffects::EffectInstance<
        ::mlir::MemoryEffects::Effect>> &effects);
  }];
}

def Rac_ParallelForOp : Rac_Op<"parallel_for", [
    RecursiveMemoryEffects, SingleBlock, NoTerminator]> {
  let summary = "Runs its body on ranges [low, high) that together cover [0, count), on several threads.";
  let description = [{
    No range but the last is shorter than `grain`. `threads` bounds how many run
    at once, 0 meaning as many as the context has.

    ```mlir
    rac.parallel_for %n grain %g threads 0 {
    ^bb0(%low: index, %high: index):
    }
    ```
  }];
  let arguments = (ins Index:$count, Index:$grain, Rac_Count:$threads);
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
  let assemblyFormat = "$count `grain` $grain `threads` $threads attr-dict-with-keyword $body";
}

def Rac_ProfileOp : Rac_Op<"profile", [MemoryEffects<[MemWrite]>]> {
  let summary = "From here on the run's time is that of a group, by its number, or, without one, of no group.";
  let description = [{
    Groups are numbered as they stand in the planned module, as the report lists
    them.

    ```mlir
    rac.profile 3
    rac.profile
    ```
  }];
  let arguments = (ins OptionalAttr<ConfinedAttr<I32Attr, [IntNonNegative]>>:$group);
  let assemblyFormat = "($group^)? attr-dict";
}

class Rac_BufferOp<string mnemonic, Type type, list<Trait> traits = []>
    : Rac_Op<mnemonic, traits> {
  let results = (outs type:$result);
}

/// A buffer of given sizes, one operand for each dynamic dimension.
class Rac_SizedBufferOp<string mnemonic, list<Trait> traits = []>
    : Rac_BufferOp<mnemonic, AnyMemRef, !listconcat(traits,
        [DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                   ["reifyResultShapes"]>])> {
  let hasVerifier = 1;
  code reifyDefinition = [{
    ::llvm::LogicalResult $cppClass::reifyResultShapes(
        ::mlir::OpBuilder &builder,
        ::mlir::ReifiedRankedShapedTypeDims &shapes) {
      shapes.push_back(::mlir::getMixedValues(
          ::mlir::cast<::mlir::MemRefType>(getType()).getShape(), getSizes(),
          builder));
      return ::mlir::success();
    }
  }];
  let extraClassDefinition = reifyDefinition # [{
    ::llvm::LogicalResult $cppClass::verify() {
      return ::rac::detail::verifySizes(getOperation(), getSizes());
    }
  }];
}

def Rac_InputDimOp : Rac_Op<"input_dim", [Pure,
    DeclareOpInterfaceMethods<ValueBoundsOpInterface, ["populateBoundsForIndexValue"]>]> {
  let summary = "Size of one dimension of one input of the model.";
  let description = [{
    ```mlir
    %n = rac.input_dim 0, 1
    ```
  }];
  let arguments = (ins Rac_Count:$index, Rac_Count:$dim);
  let results = (outs Index:$result);
  let assemblyFormat = "$index `,` $dim attr-dict";
  let builders = [OpBuilder<(ins "int64_t":$index, "int64_t":$dim), [{
    build($_builder, $_state, $_builder.getIndexType(), index, dim);
  }]>];
}

def Rac_InputBufferOp : Rac_SizedBufferOp<"input_buffer", [Pure]> {
  let summary = "The caller's memory of one input of the model.";
  let description = [{
    ```mlir
    %m = rac.input_buffer 0 [%n] : memref<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_Count:$index, Variadic<Index>:$sizes);
  let assemblyFormat = "$index `[` $sizes `]` attr-dict `:` type($result)";
}

def Rac_OutputBufferOp : Rac_SizedBufferOp<"output_buffer",
    [MemoryEffects<[MemAlloc]>]> {
  let summary = "Memory of one output of the model: the caller's, or the context's where the caller gave none.";
  let description = [{
    ```mlir
    %m = rac.output_buffer 0 [%n] : memref<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_Count:$index, Variadic<Index>:$sizes);
  let assemblyFormat = "$index `[` $sizes `]` attr-dict `:` type($result)";
}

def Rac_ScratchOp : Rac_SizedBufferOp<"scratch", [MemoryEffects<[MemAlloc]>]> {
  let summary = "Memory of the calling thread, valid until its part of the loop ends.";
  let description = [{
    ```mlir
    %m = rac.scratch [%n] : memref<?xf32>
    ```
  }];
  let arguments = (ins Variadic<Index>:$sizes);
  let assemblyFormat = "`[` $sizes `]` attr-dict `:` type($result)";
}

def Rac_HeapOp : Rac_SizedBufferOp<"heap", [MemoryEffects<[MemAlloc]>]> {
  let summary = "Memory of the context, valid until the run ends; for sizes that only the run can tell.";
  let description = [{
    ```mlir
    %m = rac.heap [%n] : memref<?xf32>
    ```
  }];
  let arguments = (ins Variadic<Index>:$sizes);
  let assemblyFormat = "`[` $sizes `]` attr-dict `:` type($result)";
}

def Rac_BlockOp : Rac_SizedBufferOp<"block",
    [Pure, DeclareOpInterfaceMethods<ViewLikeOpInterface>]> {
  let summary = "A dense part of a dense buffer, from its element number `offset` on.";
  let description = [{
    What a `memref.subview` says with strides and an offset, as memory that a kernel
    takes, which knows of neither.

    ```mlir
    %b = rac.block %m at %o [%n] : memref<3x?x4xf32> to memref<?x4xf32>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Index:$offset, Variadic<Index>:$sizes);
  let assemblyFormat =
      "$source `at` $offset `[` $sizes `]` attr-dict `:` type($source) `to` type($result)";
  let extraClassDefinition = reifyDefinition # [{
    ::llvm::LogicalResult $cppClass::verify() {
      auto source = ::mlir::cast<::mlir::MemRefType>(getSource().getType());
      if (!source.getLayout().isIdentity())
        return emitOpError("is of dense memory, not ") << source;
      if (source.getElementType() !=
          ::mlir::cast<::mlir::MemRefType>(getType()).getElementType())
        return emitOpError("has other elements than its source");
      return ::rac::detail::verifySizes(getOperation(), getSizes());
    }
    ::mlir::Value $cppClass::getViewSource() { return getSource(); }
  }];
}

def Rac_ArenaOp : Rac_BufferOp<"arena", MemRefRankOf<[I8], [1]>, [MemoryEffects<[MemAlloc]>]> {
  let summary = "The context's working memory: at least so many bytes, kept from run to run.";
  let description = [{
    ```mlir
    %m = rac.arena %bytes : memref<?xi8>
    ```
  }];
  let arguments = (ins Index:$bytes);
  let assemblyFormat = "$bytes attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Rac_WeightsOp : Rac_BufferOp<"weights", AnyStaticShapeMemRef, [Pure]> {
  let summary = "A view of the model's weights at a byte offset.";
  let description = [{
    ```mlir
    %m = rac.weights 64 : memref<4x4xf32>
    ```
  }];
  let arguments = (ins Rac_Count:$offset);
  let assemblyFormat = "$offset attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Rac_LaunchOp : Rac_Op<"launch", [AttrSizedOperandSegments,
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Runs a kernel on the accelerator, on a grid of blocks of threads.";
  let description = [{
    `grid` and `block` are sizes along x, y and z; `shared` counts the bytes of
    dynamic shared memory (B). The kernel is a `gpu.func` of the module's
    `gpu.module`s; what it takes is passed as it is lowered: a buffer as the
    members of its descriptor.

    ```mlir
    rac.launch @kernels::@relu grid(%n, %one, %one) block(%t, %one, %one) shared 0 args(%m : memref<?xf32>)
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Variadic<Index>:$grid,
      Variadic<Index>:$block, Rac_Count:$shared, Variadic<AnyType>:$inputs);
  let assemblyFormat = [{
    $kernel `grid` `(` $grid `)` `block` `(` $block `)` `shared` $shared
      `args` `(` ($inputs^ `:` type($inputs))? `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Rac_ReadOp : Rac_Op<"read", [MemoryEffects<[MemRead]>,
    TypesMatchWith<"the result is an element", "source", "result",
                   "::llvm::cast<::mlir::MemRefType>($_self).getElementType()">]> {
  let summary = "One element of the accelerator's memory, for the host.";
  let description = [{
    Waits for all kernels that were launched before.

    ```mlir
    %x = rac.read %m[%i] : memref<?xi64>
    ```
  }];
  let arguments = (ins AnyStridedMemRef:$source, Variadic<Index>:$indices);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$source `[` $indices `]` attr-dict `:` type($source)";
  let hasVerifier = 1;
}

def Rac_TensorMapOp : Rac_Op<"tensor_map", [Pure, AttrSizedOperandSegments]> {
  let summary = "How the accelerator's copy unit finds boxes of an array, for a kernel.";
  let description = [{
    The array begins at `offset` of one-dimensional memory; `sizes` are those of its
    dimensions, the last of which has neighbours in memory, and `strides` (elements)
    those of the others. A kernel copies boxes of the size `box` to shared memory,
    zeros where they leave the array; lines of 128 B are swizzled there. Rows begin
    at multiples of 16 B. Within a kernel the op stands for its parameter, which is
    made before the kernel is launched: a `CUtensorMap` of the driver.

    ```mlir
    %map = rac.tensor_map %m[%offset] sizes(%rows, %columns) strides(%pitch) box [128, 64] : memref<?xbf16> -> !llvm.ptr
    ```
  }];
  let arguments = (ins MemRefRankOf<[AnyType], [1]>:$memory, Index:$offset,
      Variadic<Index>:$sizes, Variadic<Index>:$strides, DenseI64ArrayAttr:$box);
  let results = (outs AnyType:$map);
  let assemblyFormat = [{
    $memory `[` $offset `]` `sizes` `(` $sizes `)` `strides` `(` $strides `)`
      `box` $box attr-dict `:` type($memory) `->` type($map)
  }];
  let hasVerifier = 1;
}

def Rac_KernelStatusOp : Rac_BufferOp<"kernel_status",
    MemRefRankOf<[I32], [0]>, [Pure]> {
  let summary = "Where a kernel writes that it failed: the number of its message, plus one.";
  let description = [{
    ```mlir
    %m = rac.kernel_status : memref<i32>
    ```
  }];
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Rac_CountersOp : Rac_BufferOp<"counters", MemRefRankOf<[I32], [1]>, [MemoryEffects<[MemAlloc]>]> {
  let summary = "Memory of the context with zeros, at least so many, that a kernel counts in and leaves as zeros.";
  let description = [{
    Those of the run's next kernels may be the same: a kernel that takes them is
    launched before the next such op.

    ```mlir
    %m = rac.counters %count : memref<?xi32>
    ```
  }];
  let arguments = (ins Index:$count);
  let assemblyFormat = "$count attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif // RAC_DIALECT_RAC_IR_RUNTIME
