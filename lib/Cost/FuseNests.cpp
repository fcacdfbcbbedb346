//===- FuseNests.cpp - Loops that share their elements --------------------===//
//
// What rac-fuse-elementwise does to linalg ops, on loop nests; and what the
// library and rac-vectorize-linalg do with ops after a contraction.
//
//===----------------------------------------------------------------------===//

#include "rac/Cost/Work.h"

using namespace mlir;
using namespace rac;

namespace {

bool onlyMoves(const WorkNest &nest) {
  return nest.multiplyAdds + nest.operations + nest.functions == 0;
}

/// Each of the nest's loops is one dimension of what it writes.
bool isElementwise(const WorkNest &nest) {
  if (nest.writes.size() != 1 || nest.reductions.any() || nest.isContraction())
    return false;
  const WorkUse &out = nest.writes.front();
  if (out.scattered.any() || out.dims.size() != nest.sizes.size())
    return false;
  for (auto [dim, terms] : llvm::enumerate(out.dims))
    if (terms.size() != 1 || terms[0].loop != dim || terms[0].step != 1)
      return false;
  return true;
}

/// The producer's use, as the consumer makes it when it reads the producer's
/// result at `at`.
WorkUse compose(const WorkUse &use, const WorkUse &at) {
  WorkUse result = use;
  for (auto &terms : result.dims) {
    SmallVector<WorkUse::Term, 2> composed;
    for (const WorkUse::Term &term : terms)
      for (const WorkUse::Term &inner : at.dims[term.loop])
        composed.push_back({inner.loop, term.step * inner.step});
    terms = std::move(composed);
  }
  return result;
}

/// Whether each iteration of the consumer's reduction reads another element, so
/// that computing it there is no repetition.
bool readsOnce(const WorkNest &consumer, const WorkUse &read) {
  for (unsigned loop = 0; loop < consumer.sizes.size(); ++loop)
    if (!read.dependsOn(loop) && consumer.sizes[loop] != 1)
      return false;
  return true;
}

/// Whether `producer` makes floats of constant bits, and `consumer` is a
/// product: it does so in its innermost loop (Quant.cpp), once for all rows of
/// a tile.
bool widensWeights(const Work &work, const WorkNest &producer,
                   const WorkNest &consumer) {
  return consumer.isContraction() && !producer.reads.empty() &&
         llvm::all_of(producer.reads, [&](const WorkUse &read) {
           return work.tensors[read.tensor].isWeight;
         });
}

/// Moves `producer` into `consumer`, which reads its result by `read`.
void inlineInto(WorkNest &consumer, unsigned read, const WorkNest &producer) {
  WorkUse at = consumer.reads[read];
  auto *place = consumer.reads.erase(consumer.reads.begin() + read);
  // The first in its place: a contraction's factors stay in their order.
  bool first = true;
  for (const WorkUse &use : producer.reads) {
    WorkUse moved = compose(use, at);
    if (llvm::is_contained(consumer.reads, moved))
      continue;
    if (first && consumer.isContraction())
      moved.operations = at.operations + producer.terms();
    consumer.reads.insert(first ? place : consumer.reads.end(),
                          std::move(moved));
    first = false;
  }
  consumer.operations += producer.operations;
  consumer.functions += producer.functions;
  consumer.moreTerms += producer.moreTerms;
  consumer.libraryTerms += producer.libraryTerms;
  consumer.dividing += producer.dividing;
}

/// The only nest that reads tensor `tensor`, and its read of it.
std::optional<std::pair<unsigned, unsigned>> onlyRead(const Work &work,
                                                      unsigned tensor) {
  std::optional<std::pair<unsigned, unsigned>> found;
  for (auto [n, nest] : llvm::enumerate(work.nests))
    for (auto [r, read] : llvm::enumerate(nest.reads))
      if (read.tensor == tensor) {
        if (found)
          return std::nullopt;
        found = {n, r};
      }
  return found;
}

unsigned countWrites(const Work &work, unsigned tensor) {
  unsigned count = 0;
  for (const WorkNest &nest : work.nests)
    for (const WorkUse &write : nest.writes)
      count += write.tensor == tensor;
  return count;
}

/// Whatever reads a slice reads its part of the tensor.
bool fusePart(Work &work) {
  for (auto [p, part] : llvm::enumerate(work.nests)) {
    unsigned tensor = part.writes.empty() ? 0 : part.writes.front().tensor;
    if (!part.isPart || work.tensors[tensor].isOutput)
      continue;
    const WorkNest moved = part;
    work.nests.erase(work.nests.begin() + p);
    for (WorkNest &nest : work.nests)
      for (unsigned read = nest.reads.size(); read-- > 0;)
        if (nest.reads[read].tensor == tensor)
          inlineInto(nest, read, moved);
    return true;
  }
  return false;
}

/// The loops of a nest that reads all of a tensor, element by element: where
/// they are when it reads what `write` writes.
WorkUse placeOf(const WorkNest &reader, const WorkUse &write) {
  WorkUse place;
  place.dims.resize(reader.sizes.size());
  for (auto [dim, terms] : llvm::enumerate(reader.reads.front().dims))
    for (const WorkUse::Term &term : terms)
      place.dims[term.loop] = write.dims[dim];
  return place;
}

/// Of a concatenation that is part of another, the parts are put where the
/// whole would be copied to.
bool fuseJoins(Work &work) {
  for (auto [p, outer] : llvm::enumerate(work.nests)) {
    if (!outer.joins)
      continue;
    unsigned tensor = outer.reads.front().tensor;
    auto at = onlyRead(work, tensor);
    bool areParts = llvm::any_of(work.nests, [&](const WorkNest &nest) {
      return nest.joins && nest.writes.front().tensor == tensor;
    });
    if (!areParts || !at || work.tensors[tensor].isOutput)
      continue;
    const WorkNest moved = outer;
    work.nests.erase(work.nests.begin() + p);
    for (WorkNest &nest : work.nests)
      if (nest.writes.front().tensor == tensor)
        nest.writes.front() =
            compose(moved.writes.front(), placeOf(moved, nest.writes.front()));
    return true;
  }
  return false;
}

bool fuseOne(Work &work) {
  for (auto [p, producer] : llvm::enumerate(work.nests)) {
    if (!isElementwise(producer))
      continue;
    unsigned tensor = producer.writes.front().tensor;
    if (work.tensors[tensor].isOutput || countWrites(work, tensor) != 1)
      continue;
    auto at = onlyRead(work, tensor);
    if (!at || at->first <= p)
      continue;
    WorkNest &consumer = work.nests[at->first];
    const WorkUse &read = consumer.reads[at->second];
    if (read.scattered.any() ||
        !(onlyMoves(producer) || consumer.reductions.none() ||
          readsOnce(consumer, read) || widensWeights(work, producer, consumer)))
      continue;
    WorkNest moved = producer;
    inlineInto(consumer, at->second, moved);
    work.nests.erase(work.nests.begin() + p);
    return true;
  }
  return false;
}

/// What follows is applied to each element of the result as it is stored: those
/// nests' reads of anything else, and their operations, come along.
bool fuseAfterContraction(Work &work) {
  for (auto [p, main] : llvm::enumerate(work.nests)) {
    if (!main.isContraction() || main.writes.size() != 1)
      continue;
    unsigned tensor = main.writes.front().tensor;
    if (work.tensors[tensor].isOutput || countWrites(work, tensor) != 1)
      continue;
    auto at = onlyRead(work, tensor);
    if (!at || !isElementwise(work.nests[at->first]))
      continue;
    WorkNest next = work.nests[at->first];
    double share = next.iterations() / std::max(1.0, main.iterations());
    // Where the contraction is when each of its loops is somewhere.
    WorkUse place;
    place.dims.resize(next.sizes.size());
    for (auto [dim, terms] : llvm::enumerate(next.reads[at->second].dims))
      for (const WorkUse::Term &term : terms)
        place.dims[term.loop] = main.writes.front().dims[dim];
    next.reads.erase(next.reads.begin() + at->second);
    for (const WorkUse &read : next.reads)
      main.reads.push_back(compose(read, place));
    main.operations += next.operations * share;
    main.functions += next.functions * share;
    main.moreTerms += next.moreTerms * share;
    main.libraryTerms += next.libraryTerms * share;
    main.dividing += next.dividing * share;
    main.writes.front() = compose(next.writes.front(), place);
    work.nests.erase(work.nests.begin() + at->first);
    return true;
  }
  return false;
}

} // namespace

void rac::fuseNests(Work &work, bool afterContractions) {
  while (fusePart(work)) {
  }
  while (fuseJoins(work)) {
  }
  while (fuseOne(work)) {
  }
  while (afterContractions && fuseAfterContraction(work)) {
  }
}
