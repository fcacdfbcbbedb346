"""Graphs that are legal and whose values, sizes or attributes are seldom seen, in opset 21; as odd_graphs.py has them."""

INF, NAN = float("inf"), float("nan")

VALUES = {
    "clip_nan": ("""(float[6] x, float a, float b) => (float[6] y) { y = Clip(x, a, b) }""",
        {"x": [NAN, INF, -INF, 0.5, -2, 2], "a": -1, "b": 1}),
    "min_nan": ("""(float[4] x, float[4] z) => (float[4] y, float[4] w) { y = Min(x, z) w = Max(x, z) }""",
        {"x": [NAN, 1, INF, -INF], "z": [1, NAN, 2, 2]}),
    "topk_inf": ("""(float[6] x) => (float[3] v, int64[3] y) <int64[1] k = {3}> { v, y = TopK(x, k) }""",
        {"x": [1, INF, -INF, 3, INF, 3]}),
    "topk_small": """(float[2,6] x) => (float[2,0] v, int64[2,0] y) <int64[1] k = {0}> { v, y = TopK<largest=0>(x,
        k) }""",
    "argmax_ties": ("""(float[2,5] x) => (int64[2,1] y, int64[2] z) { y = ArgMax<axis=-1, select_last_index=1>(x) z
        = ArgMin<axis=1,keepdims=0>(x) }""",
        {"x": [[1, 3, 3, 0, 0], [INF, INF, -INF, 0, -INF]]}),
    "int64_limits": ("""(int64[5] x, int64[5] z) => (int64[5] a, int64[5] b, int64[5] c, int64[5] d, bool[5] e) { a =
        Add(x, z) b = Sub(x, z) c = Mul(x, z) d = Max(x, z) e = Less(x, z) }""",
        {"x": [9223372036854775807, -9223372036854775808, -1, 4611686018427387904, 5], "z": [1, -1,
        -9223372036854775807, 2, -7]}),
    "int64_div": ("""(int64[5] x, int64[5] z) => (int64[5] a, int64[5] b, int64[5] c) { a = Div(x, z) b = Mod(x,
        z) c = Mod<fmod=1>(x, z) }""",
        {"x": [9223372036854775807, -9223372036854775808, -7, 7, 0], "z": [3, 2, 2, -2, 5]}),
    "int_abs": ("""(int32[4] x) => (int32[4] a, int32[4] b, int32[4] c) { a = Abs(x) b = Neg(x) c = Sign(x) }""",
        {"x": [2147483647, -2147483647, 0, -5]}),
    "slice_back": """(float[5,6] x) => (float[2,3] y) <int64[2] s = {4,-1}, int64[2] e = {-100,-7}, int64[2] a =
        {0,-1}, int64[2] t = {-3,-2}> { y = Slice(x, s, e, a, t) }""",
    "slice_none": """(float[5,6] x) => (float[a,6] y) <int64[1] s = {3}, int64[1] e = {1}> { y = Slice(x, s, e)
        }""",
    "convt_shape": """(float[1,2,3,3] x, float[2,2,3,3] w) => (float[1,2,6,7] y) { y = ConvTranspose<strides=[2,2],
        output_shape=[6,7]>(x, w) }""",
    "convt_padding": """(float[1,2,4] x, float[2,1,3] w) => (float[1,2,9] y) { y = ConvTranspose<strides=[2],
        pads=[1,0], output_padding=[1], group=2>(x, w) }""",
    "convt_same": """(float[1,2,4] x, float[2,3,3] w, float[3] b) => (float[1,3,8] y) { y =
        ConvTranspose<strides=[2], auto_pad="SAME_UPPER">(x, w, b) }""",
    "convt_dilated": """(float[1,2,4] x, float[2,3,3] w) => (float[1,3,a] y) { y = ConvTranspose<strides=[3],
        dilations=[2]>(x, w) }""",
    "grid_border": """(float[1,2,4,5] x, float[1,3,2,2] g) => (float[1,2,3,2] y, float[1,2,3,2] z, float[1,2,3,2]
        w) { y = GridSample<padding_mode="border">(x, g) z = GridSample<mode="nearest",
        padding_mode="reflection", align_corners=1>(x, g) w = GridSample<mode="cubic">(x, g) }""",
    "scatternd_add": ("""(float[4,3] x, int64[3,1] i, float[3,3] u) => (float[4,3] a, float[4,3] b, float[4,3] c,
        float[4,3] d) { a = ScatterND<reduction="add">(x, i, u) b = ScatterND<reduction="mul">(x, i, u)
        c = ScatterND<reduction="max">(x, i, u) d = ScatterND<reduction="min">(x, i, u) }""",
        {"i": [[1], [-1], [1]]}),
    "scatter_elements": ("""(float[4,3] x, int64[2,3] i, float[2,3] u) => (float[4,3] a) { a =
        ScatterElements<reduction="add", axis=-2>(x, i, u) }""",
        {"i": [[1, 0, 3], [1, 0, -4]]}),
    "einsum_letters": """(float[2,3,4] x, float[4,3] z) => (float[2] a, float[3,2] b, float[3,3] e) { a =
        Einsum<equation="Zqb, bq -> Z">(x, z) b = Einsum<equation="ijk->ji">(x) e =
        Einsum<equation="Ab,Ac">(z, z) }""",
    "einsum_dots": """(float[2,3,4] x, float[4,5] z) => (float[2,3,5] a, float[2,4,3] d) { a =
        Einsum<equation="...k,kn->...n">(x, z) d = Einsum<equation="...ab->...ba">(x) }""",
    "einsum_diagonal": """(float[3,3] x) => (float[3] a, float b) { a = Einsum<equation="ii->i">(x) b =
        Einsum<equation="ii->">(x) }""",
    "reduce_scalar": """(float x) => (float a, float b, float c, float d, float e) { a = ReduceSum(x) b =
        ReduceMax(x) c = ReduceL2(x) d = ReduceLogSumExp(x) e = ReduceProd<keepdims=0>(x) }""",
    "reduce_negative": """(float[2,3,4] x) => (float[2,4] a, float[1,3,1] b) <int64[1] i = {-2}, int64[2] j = {-1,-3}>
        { a = ReduceMean<keepdims=0>(x, i) b = ReduceSumSquare(x, j) }""",
    "cumsum_back": """(float[2,4] x) => (float[2,4] a, float[2,4] b) <int64 i = {-1}, int64 j = {0}> { a =
        CumSum<reverse=1, exclusive=1>(x, i) b = CumSum(x, j) }""",
    "softmax_inf": ("""(float[2,3] x) => (float[2,3] y) { y = Softmax(x) }""",
        {"x": [[-INF, 0, 1], [10000.0, -10000.0, 10000.0]]}),
    "round_half": ("""(float[6] x) => (float[6] y) { y = Round(x) }""",
        {"x": [0.5, 1.5, 2.5, -0.5, -1.5, 1e+20]}),
    "pow_mixed": ("""(float[3] x, int64[3] e) => (float[3] y) { y = Pow(x, e) }""",
        {"x": [-2, 0, 3], "e": [3, 0, -1]}),
    "isinf_sides": ("""(float[4] x) => (bool[4] y, bool[4] z) { y = IsInf<detect_negative=0>(x) z = IsNaN(x) }""",
        {"x": [INF, -INF, NAN, 1]}),
    "gather_negative": ("""(float[3,4] x, int64[2,2] i) => (float[3,2,2] y) { y = Gather<axis=-1>(x, i) }""",
        {"i": [[-1, 0], [3, -4]]}),
    "gathernd_batch": ("""(float[2,3,4] x, int64[2,1] i) => (float[2,4] y) { y = GatherND<batch_dims=1>(x, i) }""",
        {"i": [[-1], [0]]}),
    "onehot_axis": ("""(int64[3] i, float[2] v) => (float[4,3] y) <int64 d = {4}> { y = OneHot<axis=0>(i, d, v) }""",
        {"i": [-1, 2, 9]}),
    "pool_ceil": """(float[1,1,7] x) => (float[1,1,a] y, float[1,1,b] z) { y = MaxPool<kernel_shape=[3],
        strides=[2], ceil_mode=1, pads=[1,1]>(x) z = AveragePool<kernel_shape=[3], strides=[3],
        ceil_mode=1, count_include_pad=1, pads=[1,1]>(x) }""",
    "reverse_sequence": ("""(float[4,3] x, int64[3] l) => (float[4,3] y) { y = ReverseSequence(x, l) }""",
        {"l": [1, 4, 2]}),
    "pad_wrap": """(float[3,4] x) => (float[5,7] y, float[1,4] z) <int64[4] p = {1,2,1,1}, int64[4] q =
        {-1,0,-1,0}> { y = Pad<mode="wrap">(x, p) z = Pad(x, q) }""",
    "reduce_empty": """(float[n,0,3] x) => (float[n,3] a, float[n,3] b, float[n,0,1] e) <int64[1] i = {1}, int64[1]
        j = {-1}> { a = ReduceSum<keepdims=0>(x, i) b = ReduceProd<keepdims=0>(x, i) e = ReduceSum(x, j)
        }""",
    "reduce_int": ("""(int64[2,3] x, int32[2,3] z) => (int64[2] a, int32 c, int32[2] d) <int64[1] i = {1}> { a =
        ReduceMax<keepdims=0>(x, i) c = ReduceProd<keepdims=0>(z) d = ReduceMean<keepdims=0>(z, i) }""",
        {"x": [[4611686018427387904, 4611686018427387903, -9223372036854775808], [5, 9007199254740993,
        9007199254740992]], "z": [[7, -8, 2], [-3, 5, 1]]}),
    "reduce_nan": ("""(float[2,3] x) => (float[2] a, float[2] b, int64[2] c) <int64[1] i = {1}> { a =
        ReduceMax<keepdims=0>(x, i) b = ReduceSum<keepdims=0>(x, i) c = ArgMax<axis=1,keepdims=0>(x)
        }""",
        {"x": [[1, INF, -INF], [-INF, -INF, -INF]]}),
    "logsumexp_inf": ("""(float[2,3] x) => (float[2] a) <int64[1] i = {1}> { a = ReduceLogSumExp<keepdims=0>(x, i)
        }""",
        {"x": [[1000.0, 1000.0, 0], [-1000.0, -1000.0, -1000.0]]}),
    "resize_round": """(float[1,1,5,7] x) => (float[1,1,a,b] y, float[1,1,c,d] z) <int64[4] s = {1,1,8,3}> { y =
        Resize<nearest_mode="ceil", coordinate_transformation_mode="half_pixel">(x, , , s) z =
        Resize<mode="linear", coordinate_transformation_mode="pytorch_half_pixel">(x, , , s) }""",
    "resize_exclude": """(float[1,1,5,7] x) => (float[1,1,a,b] y) <int64[4] s = {1,1,9,4}> { y = Resize<mode="cubic",
        exclude_outside=1, cubic_coeff_a=-0.5>(x, , , s) }""",
    "resize_policy": """(float[1,1,5,7] x) => (float[1,1,a,b] y, float[1,1,c,d] z) <int64[2] s = {10,10}> { y =
        Resize<axes=[2,3], keep_aspect_ratio_policy="not_larger">(x, , , s) z = Resize<axes=[2,3],
        keep_aspect_ratio_policy="not_smaller", mode="linear">(x, , , s) }""",
    "resize_symmetric": ("""(float[1,1,5,7] x, float[2] s) => (float[1,1,a,b] y) { y = Resize<axes=[2,3], mode="linear",
        coordinate_transformation_mode="half_pixel_symmetric">(x, , s) }""",
        {"s": [1.3, 0.6]}),
    "tile_zero": """(float[2,3] x) => (float[a,b] y) <int64[2] r = {0,2}> { y = Tile(x, r) }""",
    "concat_empty": """(float[0,3] x, float[2,3] z) => (float[2,3] y) { y = Concat<axis=-2>(x, z, x) }""",
    "matmul_vector": """(float[4] x, float[4] z, float[2,4,3] w) => (float a, float[2,3] b) { a = MatMul(x, z) b =
        MatMul(x, w) }""",
    "gemm_scaled": """(float[3,2] x, float[4,3] z, float c) => (float[2,4] y) { y = Gemm<transA=1, transB=1,
        alpha=0.5, beta=-2.0>(x, z, c) }""",
    "uint8_wrap": ("""(uint8[4] x, uint8[4] z) => (uint8[4] a, uint8[4] b, uint8[4] c) { a = Add(x, z) b = Sub(x,
        z) c = Mul(x, z) }""",
        {"x": [250, 0, 16, 255], "z": [10, 1, 16, 255]}),
    "shifts": ("""(uint32[4] x, uint32[4] z) => (uint32[4] a, uint32[4] b) { a = BitShift<direction="LEFT">(x,
        z) b = BitShift<direction="RIGHT">(x, z) }""",
        {"x": [1, 2147483648, 7, 4294967295], "z": [31, 1, 0, 16]}),
    "where_mixed": ("""(bool[2,1] c, float[3] x, float z) => (float[2,3] y) { y = Where(c, x, z) }""",
        {"c": [[True], [False]]}),
    "compress": """(float[3,2] x) => (float[a] y, float[b,2] z) <bool[3] c = {1,0,1}> { y = Compress(x, c) z =
        Compress<axis=0>(x, c) }""",
    "nonzero_scalar": ("""(float[2,3] x) => (int64[2,k] y) { y = NonZero(x) }""",
        {"x": [[0, 1, 0], [-0.0, NAN, 2]]}),
    "trilu_far": """(float[3,4] x) => (float[3,4] y, float[3,4] z) <int64 k = {9}, int64 l = {-9}> { y = Trilu(x,
        k) z = Trilu<upper=0>(x, l) }""",
    "lp_norm": """(float[2,3] x) => (float[2,3] y, float[2,3] z) { y = LpNormalization<p=1, axis=0>(x) z =
        LpNormalization(x) }""",
    "mvn": """(float[2,3,2,2] x) => (float[2,3,2,2] y) { y = MeanVarianceNormalization<axes=[0,-1]>(x) }""",
    "quantize_limits": ("""(float[6] x) => (int8[6] y, float[6] z) <float s = {0.5}, int8 o = {-3}> { y =
        QuantizeLinear(x, s, o) z = DequantizeLinear(y, s, o) }""",
        {"x": [1000000000.0, -1000000000.0, 0.25, 0.75, -0.25, INF]}),
    "cast_saturates": ("""(float[5] x) => (int32[5] y, bool[5] z) { y = Cast<to=6>(x) z = Cast<to=9>(x) }""",
        {"x": [1.9, -1.9, 2500000.0, -0.0, 1e-30]}),
    "unique_gather": ("""(float[4,3] x, int64[2,3] i) => (float[2,3] y) { y = GatherElements<axis=0>(x, i) }""",
        {"i": [[-1, 0, 3], [1, -4, 2]]}),
    "expand_rank": """(float[3,1] x) => (float[2,3,4] y, float[3,1] z) <int64[3] s = {2,1,4}, int64[1] t = {1}> { y
        = Expand(x, s) z = Expand(x, t) }""",
    "split_zero": """(float[4,2] x) => (float[0,2] a, float[4,2] b) <int64[2] s = {0,4}> { a, b = Split(x, s) }""",
    "hardmax_ties": ("""(float[2,3] x) => (float[2,3] y) { y = Hardmax<axis=0>(x) }""",
        {"x": [[1, 2, 2], [1, 3, 2]]}),
    "conv_asymmetric": """(float[1,4,7,6] x, float[6,2,3,2] w, float[6] b) => (float[1,6,a,c] y) { y = Conv<group=2,
        pads=[0,1,2,0], strides=[2,1], dilations=[1,2]>(x, w, b) }""",
    "pool_lp": """(float[1,2,5] x) => (float[1,2,4] y) { y = LpPool<kernel_shape=[2], p=3>(x) }""",
    "global_pool": """(float[1,2,3,4,2] x) => (float[1,2,1,1,1] y, float[1,2,1,1,1] z) { y = GlobalAveragePool(x) z
        = GlobalMaxPool(x) }""",
    "celu_shrink": """(float[5] x) => (float[5] a, float[5] b, float[5] c, float[5] d) { a = Celu<alpha=2.0>(x) b =
        Shrink<lambd=0.3,bias=0.1>(x) c = ThresholdedRelu<alpha=0.5>(x) d = Softsign(x) }""",
}

NESTED = {
    "loop_scan_if": ("""(float[n,3] x, int64 k, float z) => (float[3] y) { zero = Sub(x, x) s =
        ReduceSum<keepdims=0>(x) c0 = Constant<value_floats=[0.0,0.0,0.0]>() y = Loop(k, , c0) <body = b
        (int64 i, bool go, float[3] v) => (bool again, float[3] w) { again = Identity(go) l = Scan(v, x)
        <num_scan_inputs = 1, body = d (float[3] p, float[3] q) => (float[3] r) { g = Greater(s, z) m =
        If(g) <then_branch = t () => (float[3] u) { u = Add(p, q) }, else_branch = e () => (float[3] u)
        { u = Sub(p, q) }> r = Mul(m, z) }> f = Cast<to=1>(i) w = Add(l, f) }> }""",
        {"k": 3, "z": 0.5}),
    "if_loop_outer": ("""(float[2,3] x, bool c, int64 k) => (float[2,3] y) { e = Exp(x) y = If(c) <then_branch = t ()
        => (float[2,3] r) { r = Loop(k, , e) <body = b (int64 i, bool go, float[2,3] v) => (bool again,
        float[2,3] w) { again = Identity(go) w = Add(v, x) }> }, else_branch = f () => (float[2,3] r) {
        r = Neg(e) }> }""",
        {"c": True, "k": 2}),
    "loop_ends_itself": ("""(float[3] x, int64 k) => (float[3] y, float[a,3] s) { c = Constant<value_float=4.0>() y, s =
        Loop(k, , x) <body = b (int64 i, bool go, float[3] v) => (bool again, float[3] w, float[3] o) {
        w = Add(v, v) m = ReduceMax<keepdims=0>(w) again = Less(m, c) o = Identity(v) }> }""",
        {"k": 50, "x": [1, 0.5, 0.1]}),
}
