//===- ClusterTest.cpp - Blocks that run at the same time -----------------===//

#include "Simulated.h"
#include <cstdlib>

using namespace rac::simulated;

namespace {

constexpr int kSuccess = 0, kInvalidCluster = 912;
constexpr int kBlocks = 4, kLines = 8, kLine = 64; ///< elements of 128 bytes
constexpr int kPart = kLines * kLine;              ///< what a block brings

/// A kernel of clusters of four blocks of 32 threads. `START`, `PARTS` and
/// `END` come one after the other; the first thread has made and told the
/// others of a barrier at %barrier, behind four parts of 1 KiB, that waits for
/// `COUNT`.
std::string kernel(const std::string &parts, const std::string &count = "1",
                   const std::string &start = "nvvm.cluster.arrive {aligned} "
                                              "nvvm.cluster.wait {aligned}",
                   const std::string &end = "nvvm.cluster.arrive {aligned} "
                                            "nvvm.cluster.wait {aligned}",
                   const std::string &fence = "nvvm.fence.mbarrier.init") {
  std::string text = R"(
    gpu.func @run(%map: !llvm.ptr {llvm.align = 64 : i64}, %y: memref<?xi16>) kernel attributes {known_cluster_size = array<i32: 4, 1, 1>} {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %c32 = arith.constant 32 : index
      %zero = arith.constant 0 : i32
      %one = arith.constant 1 : i32
      %eight = arith.constant 8 : i32
      %ticks = arith.constant 1000 : i32
      %all = arith.constant 15 : i16
      %count = arith.constant 2048 : index
      %memory = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %shared = memref.view %memory[%c0][%count] : memref<?xi8, #gpu.address_space<workgroup>> to memref<?xi16, #gpu.address_space<workgroup>>
      %address = memref.extract_aligned_pointer_as_index %memory : memref<?xi8, #gpu.address_space<workgroup>> -> index
      %begin = arith.index_cast %address : index to i64
      %behind = arith.constant 4096 : i64
      %b0 = arith.addi %begin, %behind : i64
      %barrier = llvm.inttoptr %b0 : i64 to !llvm.ptr<3>
      %t = gpu.thread_id x
      %block = gpu.block_id x
      %rank = arith.remui %block, %c4 : index
      %rank32 = arith.index_cast %rank : index to i32
      %row = arith.muli %rank32, %eight : i32
      %place = arith.constant 1024 : index
      %p0 = arith.muli %rank, %place : index
      %p1 = arith.addi %p0, %address : index
      %p2 = arith.index_cast %p1 : index to i64
      %own = llvm.inttoptr %p2 : i64 to !llvm.ptr<3>
      %target = llvm.addrspacecast %own : !llvm.ptr<3> to !llvm.ptr<7>
      %first = arith.cmpi eq, %t, %c0 : index
      %reader = arith.cmpi ult, %t, %c4 : index
      %isFirst = arith.cmpi eq, %rank, %c0 : index
      %isSecond = arith.cmpi eq, %rank, %c1 : index
      %firstOfFirst = arith.andi %first, %isFirst : i1
      %firstOfSecond = arith.andi %first, %isSecond : i1
      scf.if %first {
        %made = arith.constant $COUNT : i32
        nvvm.mbarrier.init %barrier, %made : !llvm.ptr<3>, i32
        $FENCE
      }
      $START
      $PARTS
      $END
      gpu.return
    })";
  text = replaced(text, "$COUNT", count);
  text = replaced(text, "$FENCE", fence);
  text = replaced(text, "$START", start);
  text = replaced(text, "$PARTS", parts);
  return replaced(text, "$END", end);
}

/// All write what is in shared memory.
const std::string kWrite = R"(
      %blockStart = arith.muli %block, %count : index
      scf.for %i = %t to %count step %c32 {
        %value = memref.load %shared[%i] : memref<?xi16, #gpu.address_space<workgroup>>
        %at = arith.addi %blockStart, %i : index
        memref.store %value, %y[%at] : memref<?xi16>
      })";

/// Each block brings its part to all of them.
std::string exchange(const std::string &bytes = "4096",
                     const std::string &condition = "%first") {
  return "scf.if " + condition + " {\n %bytes = arith.constant " + bytes +
         R"( : i32
        nvvm.mbarrier.arrive.expect_tx %barrier, %bytes : !llvm.ptr<3>, i32
        nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%zero, %row] multicast_mask = %all : !llvm.ptr<7>, !llvm.ptr
      }
      nvvm.mbarrier.try_wait.parity %barrier, %zero, %ticks : !llvm.ptr<3>, i32, i32)" +
         kWrite;
}

/// The first block brings its part to the second one alone, which waits for it.
const std::string kSend = R"(
      scf.if %firstOfSecond {
        %bytes = arith.constant 1024 : i32
        nvvm.mbarrier.arrive.expect_tx %barrier, %bytes : !llvm.ptr<3>, i32
      }
      scf.if %firstOfFirst {
        %second = arith.constant 2 : i16
        nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%zero, %row] multicast_mask = %second : !llvm.ptr<7>, !llvm.ptr
      }
      scf.if %isSecond {
        nvvm.mbarrier.try_wait.parity %barrier, %zero, %ticks : !llvm.ptr<3>, i32, i32
      })";

/// Each block tells all of them, a thread each, and waits for all.
const std::string kTell = R"(
      scf.if %reader {
        %r = arith.index_cast %t : index to i32
        %there = nvvm.mapa %barrier, %r : !llvm.ptr<3> -> !llvm.ptr<7>
        nvvm.mbarrier.arrive %there {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<7>
      }
      scf.while : () -> () {
        %over = nvvm.mbarrier.try_wait %barrier, %zero {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<3>, i32 -> i1
        %true = arith.constant true
        %again = arith.xori %over, %true : i1
        scf.condition(%again)
      } do {
        scf.yield
      })";

/// What the launch of `blocks` gives, and what they write.
std::pair<int, std::vector<uint16_t>> run(const std::string &text,
                                          unsigned blocks = 2 * kBlocks) {
  std::vector<uint16_t> values(kBlocks * kPart);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = uint16_t(i + 1);
  Array<uint16_t> x(values), y(2 * kBlocks * values.size());
  TensorMap map;
  unsigned long long sizes[] = {kLine, kBlocks * kLines}, strides[] = {128};
  unsigned box[] = {kLine, kLines}, steps[] = {1, 1};
  constexpr int kFloat16 = 6, kSwizzle128 = 3;
  auto encode =
      driver<void *, int, unsigned, void *, const unsigned long long *,
             const unsigned long long *, const unsigned *, const unsigned *,
             int, int, int, int>("cuTensorMapEncodeTiled");
  EXPECT_EQ(encode(&map, kFloat16, 2, reinterpret_cast<void *>(x.address),
                   sizes, strides, box, steps, 0, kSwizzle128, 0, 0),
            kSuccess);
  Module module(text);
  int result = module.launch("run", {blocks, 32, 4096 + 16}, Params(map, y));
  return {result, y.read()};
}

/// In either order, with copies late and early.
template <typename Body> void everyWay(Body body) {
  for (const char *order : {"", "reverse"})
    for (const char *copies : {"", "early"}) {
      setenv("RAC_SIMULATOR_ORDER", order, 1);
      setenv("RAC_SIMULATOR_COPIES", copies, 1);
      body();
    }
  unsetenv("RAC_SIMULATOR_ORDER");
  unsetenv("RAC_SIMULATOR_COPIES");
}

/// Some way shows the mistake.
void expectShown(const std::string &text) {
  bool isShown = false;
  everyWay([&] { isShown |= run(text).first == kLaunchFailed; });
  EXPECT_TRUE(isShown) << text;
}

TEST(Clusters, BringPartsToAll) {
  everyWay([] {
    auto [result, got] = run(kernel(exchange()));
    ASSERT_EQ(result, kSuccess);
    for (size_t i = 0; i < got.size(); ++i) {
      size_t inBlock = i % (kBlocks * kPart), line = inBlock / kLine,
             place = inBlock % kLine;
      // 16-byte parts of a line are in another order in each of eight.
      size_t part = place / 8 ^ line % 8;
      ASSERT_EQ(got[i], line * kLine + part * 8 + place % 8 + 1) << i;
    }
  });
}

TEST(Clusters, TellEachOther) {
  everyWay([] { EXPECT_EQ(run(kernel(kTell, "4")).first, kSuccess); });
  // More than come.
  expectShown(kernel(kTell, "5"));
}

TEST(Clusters, SendToOne) {
  everyWay([] { EXPECT_EQ(run(kernel(kSend)).first, kSuccess); });
  // Who sends may not end before it is there.
  expectShown(kernel(kSend, "1",
                     "nvvm.cluster.arrive {aligned} "
                     "nvvm.cluster.wait {aligned}",
                     ""));
}

TEST(Clusters, RefuseMistakes) {
  // Others' barriers are used before they are made, or told of.
  expectShown(kernel(exchange(), "1", ""));
  expectShown(kernel(exchange(), "1",
                     "nvvm.cluster.arrive {aligned} "
                     "nvvm.cluster.wait {aligned}",
                     "", ""));
  // Of four blocks' parts one, or five, are expected.
  expectShown(kernel(exchange("1024")));
  expectShown(kernel(exchange("5120")));
  // A block brings nothing.
  expectShown(kernel(exchange("4096", "%firstOfFirst")));
  // To blocks that are none of the cluster's.
  std::string beyond =
      replaced(exchange(), "multicast_mask = %all", "multicast_mask = %beyond");
  expectShown(kernel("%beyond = arith.constant 16 : i16 " + beyond));
}

TEST(Clusters, RefuseBlocksThatHaveEnded) {
  // The first ends at once; the second sends to it, or tells it something.
  std::string start = "nvvm.cluster.arrive {aligned} "
                      "nvvm.cluster.wait {aligned}";
  expectShown(kernel(R"(
      scf.if %firstOfSecond {
        %to = arith.constant 1 : i16
        nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%zero, %row] multicast_mask = %to : !llvm.ptr<7>, !llvm.ptr
      })",
                     "1", start, ""));
  expectShown(kernel(R"(
      scf.if %firstOfSecond {
        %there = nvvm.mapa %barrier, %zero : !llvm.ptr<3> -> !llvm.ptr<7>
        nvvm.mbarrier.arrive %there {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<7>
      })",
                     "1", start, ""));
}

TEST(Clusters, RefuseHalfBarriers) {
  std::string arrive = "nvvm.cluster.arrive {aligned} ",
              wait = "nvvm.cluster.wait {aligned} ";
  EXPECT_EQ(run(kernel("", "1", arrive + wait + arrive + wait)).first,
            kSuccess);
  EXPECT_EQ(run(kernel("", "1", wait, "")).first, kLaunchFailed);
  EXPECT_EQ(run(kernel("", "1", arrive, "")).first, kLaunchFailed);
  EXPECT_EQ(run(kernel("", "1", arrive + arrive + wait, "")).first,
            kLaunchFailed);
  // One block alone.
  EXPECT_EQ(run(kernel("", "1",
                       "scf.if %isFirst { " + arrive + wait + " } gpu.barrier",
                       "scf.if %isFirst { " + arrive + wait + " }"))
                .first,
            kSuccess);
}

TEST(Clusters, DivideTheGrid) {
  EXPECT_EQ(run(kernel(""), 6).first, kInvalidCluster);
}

} // namespace
