//===- StorageTypes.cpp - Tensors of i1 and unsigned integers -------------===//
//
// Rewrites ops that only pass tensors along to the types that are stored.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "rac/Lowering/RacToLinalg.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

StorageTypeConverter::StorageTypeConverter() {
  addConversion([](Type type) { return type; });
  addConversion([](IntegerType type) { return signless(type); });
  addConversion([](RankedTensorType type) {
    return type.clone(storageType(type.getElementType()));
  });
  auto cast = [](OpBuilder &b, Type type, ValueRange inputs, Location loc) {
    return UnrealizedConversionCastOp::create(b, loc, type, inputs)
        .getResult(0);
  };
  addSourceMaterialization(cast);
  addTargetMaterialization(cast);
}

namespace {
/// Rebuilds an op that doesn't look at elements with converted types.
struct ConvertTypes : ConversionPattern {
  ConvertTypes(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/0,
                          context) {}

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<tensor::TensorDialect, bufferization::BufferizationDialect>(
            op->getDialect()) &&
        !isa<GroupOp, YieldOp, LibraryCallOp>(op))
      return rewriter.notifyMatchFailure(op, "looks at elements");
    SmallVector<Type> types;
    if (failed(typeConverter->convertTypes(op->getResultTypes(), types)))
      return rewriter.notifyMatchFailure(op, "result type has no storage type");
    OperationState state(op->getLoc(), op->getName(), operands, types,
                         op->getAttrs());
    if (Attribute properties = op->getPropertiesAsAttribute())
      state.propertiesAttr = properties;
    for (Region &region : op->getRegions()) {
      Region *moved = state.addRegion();
      rewriter.inlineRegionBefore(region, *moved, moved->begin());
      if (failed(rewriter.convertRegionTypes(moved, *typeConverter)))
        return rewriter.notifyMatchFailure(op, "body has no storage types");
    }
    rewriter.replaceOp(op, rewriter.create(state)->getResults());
    return success();
  }
};

/// Scalars of i1 stay i1, so reading and writing them converts.
struct ConvertExtract : OpConversionPattern<tensor::ExtractOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(tensor::ExtractOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value stored = tensor::ExtractOp::create(
        rewriter, op.getLoc(), adaptor.getTensor(), adaptor.getIndices());
    rewriter.replaceOp(
        op, loadElement(rewriter, op.getLoc(), stored, op.getType()));
    return success();
  }
};

struct ConvertInsert : OpConversionPattern<tensor::InsertOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(tensor::InsertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value stored = storeElement(rewriter, op.getLoc(), adaptor.getScalar(),
                                elementOf(op.getDest()));
    rewriter.replaceOpWithNewOp<tensor::InsertOp>(op, stored, adaptor.getDest(),
                                                  adaptor.getIndices());
    return success();
  }
};

template <typename OpT> struct ConvertScalars : OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;
  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type element = elementOf(op.getResult());
    SmallVector<Value> stored;
    for (auto [before, after] :
         llvm::zip_equal(op->getOperands(), adaptor.getOperands()))
      stored.push_back(before.getType() == element
                           ? storeElement(rewriter, op.getLoc(), after, element)
                           : after);
    rewriter.replaceOpWithNewOp<OpT>(
        op, TypeRange(this->typeConverter->convertType(op.getType())), stored,
        op->getAttrs());
    return success();
  }
};

/// The body of a generate yields scalars.
struct ConvertGenerate : OpConversionPattern<tensor::GenerateOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(tensor::GenerateOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type type = typeConverter->convertType(op.getType());
    auto generate = tensor::GenerateOp::create(rewriter, op.getLoc(), type,
                                               adaptor.getDynamicExtents());
    rewriter.inlineRegionBefore(op.getBody(), generate.getBody(),
                                generate.getBody().begin());
    auto yield =
        cast<tensor::YieldOp>(generate.getBody().front().getTerminator());
    rewriter.setInsertionPoint(yield);
    Value stored =
        storeElement(rewriter, op.getLoc(), yield.getValue(), elementOf(op));
    rewriter.modifyOpInPlace(yield,
                             [&] { yield.getValueMutable().assign(stored); });
    rewriter.replaceOp(op, generate);
    return success();
  }
};

struct ConvertRacConstant : OpConversionPattern<ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementsAttr value = storageElements(op.getValue());
    if (!value)
      return rewriter.notifyMatchFailure(op, "constant of an unknown kind");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, cast<TypedAttr>(value));
    return success();
  }
};

struct ConvertArithConstant : OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto elements = dyn_cast<ElementsAttr>(op.getValue());
    if (!elements || !storageElements(elements))
      return rewriter.notifyMatchFailure(op, "constant of an unknown kind");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, cast<TypedAttr>(storageElements(elements)));
    return success();
  }
};

struct ConvertSelect : OpConversionPattern<arith::SelectOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(arith::SelectOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, adaptor.getCondition(),
                                                 adaptor.getTrueValue(),
                                                 adaptor.getFalseValue());
    return success();
  }
};
} // namespace

void rac::populateStorageTypePatterns(const TypeConverter &converter,
                                      RewritePatternSet &patterns,
                                      ConversionTarget &target) {
  MLIRContext *context = patterns.getContext();
  patterns.add<ConvertTypes, ConvertExtract, ConvertInsert, ConvertGenerate,
               ConvertScalars<tensor::FromElementsOp>,
               ConvertScalars<tensor::SplatOp>, ConvertRacConstant,
               ConvertArithConstant, ConvertSelect>(converter, context);

  target.addIllegalDialect<RacDialect>();
  auto typesLegal = [&](Operation *op) {
    return converter.isLegal(op) &&
           llvm::all_of(op->getRegions(), [&](Region &region) {
             return converter.isLegal(&region);
           });
  };
  target.addDynamicallyLegalOp<GroupOp, YieldOp, LibraryCallOp>(typesLegal);
  target.addDynamicallyLegalDialect<tensor::TensorDialect,
                                    bufferization::BufferizationDialect>(
      typesLegal);
  target.addDynamicallyLegalDialect<arith::ArithDialect>(typesLegal);
  target.addDynamicallyLegalOp<scf::ForallOp>(typesLegal);
  target.addLegalOp<scf::InParallelOp, UnrealizedConversionCastOp>();

  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                       target);
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                 converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
    return converter.isSignatureLegal(op.getFunctionType()) &&
           converter.isLegal(&op.getBody());
  });
  target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(typesLegal);
}
