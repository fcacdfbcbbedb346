//===- EinsumImport.cpp - Einsum by products and sums ---------------------===//

#include "GraphImporter.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

namespace {

/// A tensor whose dimensions have labels. Those of an ellipsis are numbers
/// beyond all letters.
struct Labelled {
  Value value;
  SmallVector<int> labels;

  int64_t find(int label) const {
    const int *it = llvm::find(labels, label);
    return it == labels.end() ? -1 : it - labels.begin();
  }
};

class Einsum {
public:
  explicit Einsum(NodeImporter &n) : n(n), tb(n.tb) {}
  Value build();

private:
  bool parse();
  std::optional<SmallVector<int>> parseTerm(StringRef term, int64_t rank);
  void takeDiagonals(Labelled &x);
  void sumOut(Labelled &x, llvm::function_ref<bool(int)> isKept);
  void permute(Labelled &x, ArrayRef<int> labels);
  Labelled multiply(Labelled x, Labelled y,
                    llvm::function_ref<bool(int)> isKept);
  Labelled product(Labelled x, Labelled y, ArrayRef<int> batch,
                   ArrayRef<int> rows, ArrayRef<int> columns,
                   ArrayRef<int> summed);

  NodeImporter &n;
  TensorBuilder &tb;
  SmallVector<Labelled> operands;
  SmallVector<int> result;
  static constexpr int kEllipsis = 256;
  int64_t ellipsisRank = 0;
};

} // namespace

/// The labels of a term for a tensor of the given rank; -1 for the result's,
/// whose ellipsis is as long as the longest.
std::optional<SmallVector<int>> Einsum::parseTerm(StringRef term,
                                                  int64_t rank) {
  SmallVector<int> labels;
  int64_t letters = llvm::count_if(term, llvm::isAlpha);
  int64_t length = rank < 0 ? ellipsisRank : rank - letters;
  bool hasEllipsis = false;
  while (!term.empty()) {
    if (!hasEllipsis && term.consume_front("...")) {
      hasEllipsis = true;
      // Ellipses align at their ends.
      for (int64_t i = 0; i < length; ++i)
        labels.push_back(kEllipsis + 64 - length + i);
      continue;
    }
    if (!llvm::isAlpha(term.front())) {
      tb.fail("equation has an unknown character");
      return std::nullopt;
    }
    labels.push_back(term.front());
    term = term.drop_front();
  }
  if (rank >= 0 && (length < 0 || length > 64 ||
                    static_cast<int64_t>(labels.size()) != rank)) {
    tb.fail("a term of the equation doesn't have its operand's rank");
    return std::nullopt;
  }
  if (hasEllipsis)
    ellipsisRank = std::max(ellipsisRank, length);
  return labels;
}

bool Einsum::parse() {
  std::string equation;
  for (char c : n.stringAttr("equation", ""))
    if (c != ' ')
      equation += c;
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != n.numInputs()) {
    tb.fail("equation doesn't have a term per operand");
    return false;
  }
  std::map<int, unsigned> counts;
  for (auto [i, term] : llvm::enumerate(terms)) {
    Value value = n.input(i);
    if (!value)
      return false;
    auto labels = parseTerm(term, tb.rank(value));
    if (!labels)
      return false;
    operands.push_back({value, *labels});
    for (int label : *labels)
      ++counts[label];
  }
  if (StringRef(equation).contains("->")) {
    auto labels = parseTerm(right, -1);
    if (!labels)
      return false;
    result = *labels;
  } else {
    // The ellipsis, then what occurs once, in alphabetical order.
    for (int64_t i = 0; i < ellipsisRank; ++i)
      result.push_back(kEllipsis + 64 - ellipsisRank + i);
    for (auto [label, count] : counts)
      if (count == 1 && label < kEllipsis)
        result.push_back(label);
  }
  llvm::SmallSetVector<int, 8> unique(result.begin(), result.end());
  if (unique.size() != result.size()) {
    tb.fail("the equation's result has a label twice");
    return false;
  }
  for (int label : result)
    if (!counts.count(label)) {
      tb.fail("the equation's result has a label that no operand has");
      return false;
    }
  return true;
}

/// A label that occurs twice in one operand stands for its diagonal.
void Einsum::takeDiagonals(Labelled &x) {
  for (size_t i = 0; x.value && i < x.labels.size(); ++i)
    for (size_t j = i + 1; j < x.labels.size();) {
      if (x.labels[i] != x.labels[j]) {
        ++j;
        continue;
      }
      Type i64 = tb.b.getI64Type();
      Exprs dims = tb.dims(x.value);
      Value on = tb.comparison<rac::EqualOp>(tb.iota(i, dims, i64),
                                             tb.iota(j, dims, i64));
      Value rest = tb.select(on, x.value, tb.scalar(0, tb.element(x.value)));
      x.value = tb.reduce(ReduceKind::sum, rest, {static_cast<int64_t>(j)},
                          /*keepDims=*/false);
      x.labels.erase(x.labels.begin() + j);
    }
}

void Einsum::sumOut(Labelled &x, llvm::function_ref<bool(int)> isKept) {
  SmallVector<int64_t> axes;
  SmallVector<int> labels;
  for (auto [i, label] : llvm::enumerate(x.labels)) {
    if (isKept(label))
      labels.push_back(label);
    else
      axes.push_back(i);
  }
  x.value = tb.reduce(ReduceKind::sum, x.value, axes, /*keepDims=*/false);
  x.labels = labels;
}

/// Brings the dimensions into the order of `labels`, with 1 for those that it
/// doesn't have.
void Einsum::permute(Labelled &x, ArrayRef<int> labels) {
  SmallVector<int64_t> permutation, missing;
  for (auto [i, label] : llvm::enumerate(labels)) {
    if (int64_t at = x.find(label); at >= 0)
      permutation.push_back(at);
    else
      missing.push_back(i);
  }
  x.value = tb.unsqueeze(tb.transpose(x.value, permutation), missing);
  x.labels = SmallVector<int>(labels);
}

Labelled Einsum::product(Labelled x, Labelled y, ArrayRef<int> batch,
                         ArrayRef<int> rows, ArrayRef<int> columns,
                         ArrayRef<int> summed) {
  auto join = [](std::initializer_list<ArrayRef<int>> parts) {
    SmallVector<int> all;
    for (ArrayRef<int> part : parts)
      all.append(part.begin(), part.end());
    return all;
  };
  Labelled z;
  z.labels = join({batch, rows, columns});
  // Integers have products of their own only in 32 bits.
  bool isMatmul = !summed.empty() && isa<FloatType>(tb.element(x.value));
  if (!isMatmul) {
    SmallVector<int> all = join({batch, rows, columns, summed});
    permute(x, all);
    permute(y, all);
    Labelled whole{tb.mul(x.value, y.value), all};
    sumOut(whole, [&](int l) { return !llvm::is_contained(summed, l); });
    z.value = whole.value;
    return z;
  }
  permute(x, join({batch, rows, summed}));
  permute(y, join({batch, summed, columns}));
  if (!x.value || !y.value)
    return {};
  Exprs xs = tb.dims(x.value), ys = tb.dims(y.value);
  size_t b = batch.size(), r = rows.size(), s = summed.size();
  ArrayRef<AffineExpr> xd(xs), yd(ys);
  auto shape = [&](ArrayRef<AffineExpr> batch, AffineExpr i, AffineExpr j) {
    Exprs all(batch);
    all.push_back(i);
    all.push_back(j);
    return all;
  };
  Value left =
      tb.reshape(x.value, shape(xd.take_front(b), tb.product(xd.slice(b, r)),
                                tb.product(xd.drop_front(b + r))));
  Value right =
      tb.reshape(y.value, shape(yd.take_front(b), tb.product(yd.slice(b, s)),
                                tb.product(yd.drop_front(b + s))));
  Value matrix = tb.matmul(left, right);
  if (!matrix)
    return {};
  Exprs dims = tb.dims(matrix);
  dims.truncate(b);
  dims.append(xd.begin() + b, xd.begin() + b + r);
  dims.append(yd.begin() + b + s, yd.end());
  z.value = tb.reshape(matrix, dims);
  return z;
}

Labelled Einsum::multiply(Labelled x, Labelled y,
                          llvm::function_ref<bool(int)> isKept) {
  // What only one of them has and nobody else wants goes first.
  sumOut(x, [&](int l) { return isKept(l) || y.find(l) >= 0; });
  sumOut(y, [&](int l) { return isKept(l) || x.find(l) >= 0; });
  SmallVector<int> batch, rows, columns, summed;
  for (int label : x.labels) {
    if (y.find(label) < 0)
      rows.push_back(label);
    else
      (isKept(label) ? batch : summed).push_back(label);
  }
  for (int label : y.labels)
    if (x.find(label) < 0)
      columns.push_back(label);
  if (!x.value || !y.value)
    return {};
  return product(x, y, batch, rows, columns, summed);
}

Value Einsum::build() {
  if (!parse())
    return {};
  for (Labelled &operand : operands)
    takeDiagonals(operand);
  Labelled x = operands.front();
  for (size_t i = 1; i < operands.size(); ++i)
    x = multiply(x, operands[i], [&](int label) {
      return llvm::is_contained(result, label) ||
             llvm::any_of(
                 ArrayRef(operands).drop_front(i + 1),
                 [&](const Labelled &o) { return o.find(label) >= 0; });
    });
  if (!x.value)
    return {};
  sumOut(x, [&](int label) { return llvm::is_contained(result, label); });
  permute(x, result);
  return x.value;
}

static LogicalResult importEinsum(NodeImporter &n) {
  return n.result(Einsum(n).build());
}

void rac::onnximport::addEinsumImporters(ImporterTable &table) {
  table.add("Einsum", importEinsum);
}
